import { RedRoomError } from "../base/errors.ts";
import { MessageChannel } from "../channel/message-channel.ts";
import { checkMessage } from "../protocol/codec.ts";
import { fromFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import { maxFrameBytes } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import { isInterruption, type Link } from "./link.ts";

/**
 * Asks on a stream of its own.
 *
 * @returns All messages of the response.
 * @throws {RedRoomError} `OPTIONS_INVALID` before anything is sent; what the server answered as `error`; `CONNECTION_LOST`, `CONNECTION_CLOSED`.
 */
export async function request(link: Link, message: Message): Promise<Message[]> {
  checkMessage(message);
  return new Promise((resolve, reject) => {
    const response: Message[] = [];
    const channel = new MessageChannel(
      link.connection.openStream(),
      { maxFrameBytes: maxFrameBytes(link.limits) },
      {
        onMessage: (answer) => {
          if (answer.type === "error") reject(fromFailure(answer));
          else response.push(answer);
        },
        onEnd: () => {
          if (response.length > 0) resolve(response);
          else reject(new RedRoomError("PROTOCOL_ERROR", "unable to read the answer; there was none"));
        },
        onReset: (error) => reject(interrupted(error)),
        onViolation: (error) => {
          reject(error);
          link.violated(error);
        },
        onDrain: () => {},
      },
    );
    channel.send(message);
    channel.end();
  });
}

/** The connection went, and with it the answer: asking again on the next one is right. */
function interrupted(error: RedRoomError): RedRoomError {
  if (!isInterruption(error) || error.retryable) return error;
  return new RedRoomError(error.code, error.message, { cause: error, retryable: true });
}

/** The last message of a response, which must be of this type. */
export function expectLast<T extends Message["type"]>(
  response: readonly Message[],
  type: T,
): Extract<Message, { type: T }> {
  const last = response.at(-1);
  if (last?.type !== type) throw protocolError(`the server answered ${last?.type} where ${type} was expected`);
  return last as Extract<Message, { type: T }>;
}
