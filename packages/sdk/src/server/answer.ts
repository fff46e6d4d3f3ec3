import type { MessageChannel } from "../channel/message-channel.ts";

/** Where the answer to a request goes. */
export type Answer = Pick<MessageChannel, "send" | "sendEncoded">;
