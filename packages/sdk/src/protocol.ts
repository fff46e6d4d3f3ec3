export { type Address, DEFAULT_PORT, formatAddress, parseAddress } from "./protocol/address.ts";
export { decodeMessage, encodeMessage } from "./protocol/codec.ts";
export { packEntry, unpackEntry, type WireEntry } from "./protocol/entry-body.ts";
export { createFrameDecoder, encodeFrame, type Frame, type FrameDecoder } from "./protocol/frame.ts";
export {
  DEFAULT_LIMITS,
  type Limits,
  MAX_FRAME_BYTES_BEFORE_LOGIN,
  MAX_NAME_BYTES,
  MAX_PASSWORD_BYTES,
  maxFrameBytes,
} from "./protocol/limits.ts";
export { MESSAGES, type Message, type MessageOf, type MessageType, PROTOCOL_VERSION } from "./protocol/messages.ts";
export { MIN_PADDED_BYTES, paddedLength } from "./protocol/padding.ts";
