import * as v from "valibot";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { encodeFrame, type Frame, protocolError } from "./frame.ts";
import { MESSAGES, type Message, type MessageType } from "./messages.ts";

const EMPTY = new Uint8Array(0);

const types = Object.keys(MESSAGES) as MessageType[];
const readers = new Map(
  types.map((type) => {
    const { frameType, head, body } = MESSAGES[type];
    return [frameType as number, { type, body, schema: head as v.GenericSchema<unknown, object> }];
  }),
);

/** @returns The padded frame: the bytes to write to the stream. */
export function encodeMessage(message: Message): Uint8Array {
  const { type, body, ...head } = message as { type: MessageType; body?: Uint8Array };
  return encodeFrame({ type: MESSAGES[type].frameType, head: utf8(JSON.stringify(head)), body: body ?? EMPTY });
}

/** @throws {RedRoomError} `PROTOCOL_ERROR` for everything that `encodeMessage` would not have written. */
export function decodeMessage(frame: Frame): Message {
  const reader = readers.get(frame.type);
  if (reader === undefined) throw protocolError(`there is no frame type ${frame.type}`);
  const { type, schema } = reader;
  const head = v.safeParse(schema, parseCanonicalJson(frame.head, type));
  if (!head.success) {
    const [issue] = head.issues;
    throw protocolError(`${type}: ${v.getDotPath(issue) ?? "head"}: ${issue.message.slice(0, 200)}`);
  }
  if (reader.body) return { type, ...head.output, body: frame.body } as Message;
  if (frame.body.byteLength > 0) throw protocolError(`${type} has a body of ${frame.body.byteLength} bytes`);
  return { type, ...head.output } as Message;
}

/**
 * There is one way to write a value: that of `JSON.stringify` (ECMA-262 §25.5.2), without spaces. Whatever differs is
 * refused, and with it duplicate keys, which parsers read differently.
 */
function parseCanonicalJson(bytes: Uint8Array, type: MessageType): unknown {
  try {
    const text = fromUtf8(bytes);
    const value: unknown = JSON.parse(text);
    if (JSON.stringify(value) === text) return value;
  } catch (error) {
    throw protocolError(`the head of ${type} is not JSON in UTF-8`, error);
  }
  throw protocolError(`the head of ${type} is not in the one form of JSON that is allowed`);
}
