import { LONGEST_DELAY_MS } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { MessageOf } from "./messages.ts";
import { WIRE_CODES, type WireCode } from "./wire-codes.ts";

type Failure = Omit<MessageOf<"error">, "type">;

const wireCodes: ReadonlySet<string> = new Set(WIRE_CODES);

/**
 * What of an error goes over the wire: never its cause, and of a fault inside the server only that there was one. Cut to a
 * length that fits a frame before the login.
 */
export function toFailure({ code, message, remedy, retryable, ...error }: RedRoomError): Failure {
  const retryAfterMs = waitOf(error.retryAfterMs);
  const later = retryAfterMs !== undefined && { retryAfterMs };
  if (code === "STORE_UNAVAILABLE" || code === "STORE_CLOSED") return { ...storeFailure(code), ...later };
  const told = wireCodes.has(code) && code !== "INTERNAL";
  return {
    code: told ? (code as WireCode) : "INTERNAL",
    message: told ? cut(message) : "unable to serve; an internal error",
    ...(told && remedy !== undefined && { remedy: cut(remedy) }),
    ...(retryable && { retryable }),
    ...later,
  };
}

/** The reason names files and disks; it is for the operator, who has it in the log. */
const storeFailure = (code: "STORE_UNAVAILABLE" | "STORE_CLOSED"): Failure => ({
  code,
  message: "unable to store or read anything now; the server cannot use its store",
  retryable: true,
});

/** An application may have set it to anything; only whole milliseconds can be written. */
function waitOf(retryAfterMs: unknown): number | undefined {
  if (typeof retryAfterMs !== "number" || !(retryAfterMs >= 0)) return undefined;
  return Math.min(Math.ceil(retryAfterMs), LONGEST_DELAY_MS);
}

const cut = (text: string): string => text.slice(0, 300).toWellFormed();

export function fromFailure({ code, message, ...options }: Failure): RedRoomError {
  return new RedRoomError(code, message, options);
}
