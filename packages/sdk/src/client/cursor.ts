import { fromUtf8, utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { protocolError } from "../protocol/frame.ts";
import { MAX_CURSOR_BYTES } from "../protocol/limits.ts";
import { expectLast, request } from "./request.ts";
import type { Reached } from "./topic-access.ts";

/** Asks about the topic of a cursor. */
type Ask = <T>(work: (reached: Reached) => Promise<T>) => Promise<T>;

/**
 * How far a program has come in a topic, in words of its own, kept by the server: made by `topic.claimCursor(name)`. It is ours
 * until it is claimed again, here or elsewhere, by the same user.
 */
export class Cursor {
  readonly name: string;
  /** Which claim it is: higher with each. */
  readonly epoch: number;
  /** The highest seq of the topic when it was claimed; 0 for none. */
  readonly head: number;
  /** What was saved last, before it was claimed; `undefined` for nothing yet. */
  readonly value: string | undefined;
  readonly #ask: Ask;
  #saves = 0;

  /** @internal */
  constructor(name: string, ask: Ask, claimed: Pick<Cursor, "epoch" | "head" | "value">) {
    this.name = name;
    this.epoch = claimed.epoch;
    this.head = claimed.head;
    this.value = claimed.value;
    this.#ask = ask;
  }

  /**
   * Puts a text in the place of the one before, whole or not at all, and resolves when it is durable. Of several at the same time
   * the newest stays, in whatever order they arrive; so after a lost connection it is right to save again.
   *
   * @param text At most 65,536 bytes of UTF-8. An empty one is as good as none.
   * @throws {RedRoomError} `TEXT_INVALID`, `TEXT_TOO_LARGE` before anything is sent; `CURSOR_TAKEN` when it was claimed again, or
   * dropped; `NOT_ALLOWED` when we may not read the topic any more; a retryable error, such as `STORE_UNAVAILABLE`,
   * `TOO_MANY_REQUESTS` and `CONNECTION_LOST`, when it may be saved or not.
   */
  async save(text: string): Promise<void> {
    const body = bodyOf(text);
    this.#saves += 1;
    const [number, { name, epoch }] = [this.#saves, this];
    await this.#ask(async ({ link, id }) => {
      const response = await request(link, { type: "saveCursor", topic: id, name, epoch, number, body });
      expectLast(response, "cursorSaved");
    });
  }
}

export function claimCursor(name: string, ask: Ask): Promise<Cursor> {
  return ask(async ({ link, id }) => {
    const response = await request(link, { type: "claimCursor", topic: id, name });
    const { epoch, head, body } = expectLast(response, "cursor");
    const value = body.byteLength === 0 ? undefined : textOf(body);
    return new Cursor(name, ask, { epoch, head, value });
  });
}

export async function dropCursor({ link, id }: Reached, name: string): Promise<void> {
  expectLast(await request(link, { type: "dropCursor", topic: id, name }), "cursorDropped");
}

function bodyOf(text: string): Uint8Array {
  if (!text.isWellFormed())
    throw new RedRoomError("TEXT_INVALID", "unable to save the cursor; the text is not Unicode");
  const body = utf8(text);
  if (body.byteLength <= MAX_CURSOR_BYTES) return body;
  throw new RedRoomError(
    "TEXT_TOO_LARGE",
    `unable to save the cursor; the text has ${body.byteLength} bytes, the limit is ${MAX_CURSOR_BYTES}`,
  );
}

function textOf(body: Uint8Array): string {
  try {
    return fromUtf8(body);
  } catch (error) {
    throw protocolError("a cursor is not UTF-8", error);
  }
}
