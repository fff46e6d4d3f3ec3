import { RedRoomError } from "../base/errors.ts";
import type { MessageOf } from "./messages.ts";

type Failure = Omit<MessageOf<"error">, "type">;

/** What of an error goes over the wire: never its cause, which may tell of the server's inside, and never too long. */
export function toFailure(error: RedRoomError): Failure {
  return {
    code: error.code,
    message: error.code === "INTERNAL" ? "unable to serve; an internal error" : cut(error.message),
    ...(error.remedy !== undefined && { remedy: cut(error.remedy) }),
    ...(error.retryable && { retryable: true }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  };
}

/** So short that it fits a frame before the login. */
const cut = (text: string): string => text.slice(0, 300).toWellFormed();

export function fromFailure({ code, message, ...options }: Failure): RedRoomError {
  return new RedRoomError(code, message, options);
}
