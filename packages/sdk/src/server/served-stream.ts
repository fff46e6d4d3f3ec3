import type { RedRoomError } from "../base/errors.ts";
import type { Message } from "../protocol/messages.ts";

/** A stream of a client behind its first message: a topic, or a request. */
export interface ServedStream {
  /** May throw `PROTOCOL_ERROR`. */
  onMessage(message: Message): void;
  /** The client sends no more. */
  onEnd(): void;
  /** The client takes more. */
  onDrain(): void;
  /** The stream is gone. @param revoked With the session: it does not come back. */
  onGone(revoked?: boolean): void;
  /** Takes nothing more. Resolves when all that was taken is answered; `fail` is to follow. */
  drain(reason: RedRoomError): Promise<void>;
  /** Ends the stream at once, and says why: nothing is acknowledged or delivered any more. */
  fail(error: RedRoomError): void;
}
