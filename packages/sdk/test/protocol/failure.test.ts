import { describe, expect, it } from "vitest";
import { ERROR_CODES, RedRoomError } from "../../src/base/errors.ts";
import { decodeMessage, encodeMessage } from "../../src/protocol/codec.ts";
import { fromFailure, toFailure } from "../../src/protocol/failure.ts";
import { createFrameDecoder } from "../../src/protocol/frame.ts";
import { MAX_FRAME_BYTES_BEFORE_LOGIN } from "../../src/protocol/limits.ts";
import { WIRE_CODES } from "../../src/protocol/wire-codes.ts";

/** What the peer gets, through the bytes of a frame that is allowed before the login. */
function travelled(error: RedRoomError): RedRoomError {
  const bytes = encodeMessage({ type: "error", ...toFailure(error) });
  const [frame] = createFrameDecoder({ maxFrameBytes: MAX_FRAME_BYTES_BEFORE_LOGIN }).push(bytes);
  const message = decodeMessage(frame as NonNullable<typeof frame>);
  if (message.type !== "error") throw new Error(message.type);
  return fromFailure(message);
}

describe("an error over the wire", () => {
  it("keeps code, message, remedy and when to try again", () => {
    const error = new RedRoomError("TOO_MANY_REQUESTS", "unable to append; too many at once", {
      remedy: "make room",
      retryable: true,
      retryAfterMs: 1500,
    });
    expect(travelled(error)).toEqual(error);
    expect(travelled(error)).toMatchObject({ remedy: "make room", retryable: true, retryAfterMs: 1500 });
  });

  it.each(WIRE_CODES)("keeps the code %s", (code) => {
    const got = travelled(new RedRoomError(code, "unable to go on; no reason"));
    expect(got).toMatchObject({ code, retryAfterMs: undefined, remedy: undefined });
  });

  it("tells of the store that it is unavailable, and not where it lies", () => {
    const remedy = "free space on /srv";
    const got = travelled(new RedRoomError("STORE_UNAVAILABLE", "unable to use /srv/room.db; disk full", { remedy }));
    expect(got).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true, remedy: undefined });
    expect(got.message).not.toContain("/srv");
    // A hook that asks the store passes on what it says.
    const later = { retryable: true, retryAfterMs: 60_000 };
    expect(travelled(new RedRoomError("STORE_UNAVAILABLE", "unable to ask", later))).toMatchObject(later);
  });

  it("leaves its cause and its stack behind", () => {
    const cause = new Error("SELECT secret FROM /srv/room.db");
    const error = new RedRoomError("STORE_UNAVAILABLE", "unable to append; try later", { cause });
    expect(JSON.stringify(toFailure(error))).not.toMatch(/secret|failure\.test/);
    expect(travelled(error).cause).toBeUndefined();
  });

  const inside = ERROR_CODES.filter((code) => code === "INTERNAL" || !(WIRE_CODES as readonly string[]).includes(code));
  it.each(inside)("does not tell what went wrong inside (%s)", (code) => {
    const error = new RedRoomError(code, "unable to read /srv/room.db; EIO", {
      remedy: "look at /srv",
      retryable: true,
    });
    expect(travelled(error)).toMatchObject({
      code: "INTERNAL",
      message: "unable to serve; an internal error",
      remedy: undefined,
      retryable: true,
    });
  });

  it.each(["€", "😀", "\u0001", '"'])(
    "is cut to a length that fits any frame, between characters (%j)",
    (character) => {
      const long = `x${character.repeat(10_000)}`;
      const got = travelled(new RedRoomError("TITLE_INVALID", long, { remedy: long }));
      expect(got.message.length).toBe(300);
      expect(got.message.isWellFormed()).toBe(true);
    },
  );

  it.each([
    [1_500.5, 1_501],
    [1e15, 2 ** 31 - 1],
    [Number.POSITIVE_INFINITY, 2 ** 31 - 1],
    [-1, undefined],
    [Number.NaN, undefined],
    ["soon" as unknown as number, undefined],
  ])("can be written whatever time to wait an application has set: %s", (retryAfterMs, told) => {
    const error = new RedRoomError("TOO_MANY_REQUESTS", "unable to go on", { retryable: true, retryAfterMs });
    expect(travelled(error).retryAfterMs).toBe(told);
  });
});
