import { RedRoomError } from "../base/errors.ts";
import type { MessageOf } from "./messages.ts";

type Failure = Omit<MessageOf<"error">, "type">;

/** What of an error goes over the wire: never its cause, which may tell of the server's inside. */
export function toFailure(error: RedRoomError): Failure {
  return {
    code: error.code,
    message: error.code === "INTERNAL" ? "unable to serve; an internal error" : error.message.slice(0, 4096),
    ...(error.remedy !== undefined && { remedy: error.remedy }),
    ...(error.retryable && { retryable: true }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  };
}

export function fromFailure({ code, message, ...options }: Failure): RedRoomError {
  return new RedRoomError(code, message, options);
}
