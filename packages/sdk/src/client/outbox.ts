import { utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { MessageKind } from "../base/message-kind.ts";
import { checkMessage } from "../protocol/codec.ts";
import type { Limits } from "../protocol/limits.ts";
import { Sending, type Stored } from "./sending.ts";

export interface SendOptions {
  /** `note` by default. */
  readonly kind?: MessageKind;
  /** The seq of the message that this one refers to. */
  readonly re?: number;
  /** A `randomId()`; the same one again stores nothing twice. By default a new one. */
  readonly id?: string;
}

export interface OutboxLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** The messages of one topic that the record has not answered yet, in call order, in memory only. */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #waiting = new Map<string, { readonly sending: Sending; readonly bytes: number }>();
  /** Those not yet handed to the network, so that telling them costs nothing for the others. */
  #unsent: Sending[] = [];
  #bytes = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Checks a message and takes it.
   *
   * @returns The message, and its text as it will travel.
   * @throws {RedRoomError} `TEXT_INVALID`, `TEXT_TOO_LARGE`, `OUTBOX_FULL`, `OPTIONS_INVALID`.
   */
  add(
    text: string,
    { kind = "note", re, id = randomId() }: SendOptions,
    { maxTextBytes }: Limits,
    onState: (sending: Sending) => void,
  ): { sending: Sending; body: Uint8Array } {
    if (!text.isWellFormed()) throw new RedRoomError("TEXT_INVALID", "unable to send; the text is not Unicode");
    if (text === "") throw new RedRoomError("TEXT_INVALID", "unable to send; the text is empty");
    const body = utf8(text);
    if (body.byteLength > maxTextBytes) {
      throw new RedRoomError(
        "TEXT_TOO_LARGE",
        `unable to send; the text has ${body.byteLength} bytes, the limit is ${maxTextBytes}`,
      );
    }
    const { maxMessages, maxBytes } = this.#limits;
    if (this.#waiting.size >= maxMessages || this.#bytes + body.byteLength > maxBytes) {
      throw new RedRoomError(
        "OUTBOX_FULL",
        `unable to send; ${this.#waiting.size} messages of ${this.#bytes} bytes wait to be stored, the limits are ${maxMessages} and ${maxBytes}`,
        { retryable: true, remedy: "wait for earlier messages before sending more" },
      );
    }
    checkMessage({ type: "publish", id, kind, ...(re !== undefined && { re }), body });
    if (this.#waiting.has(id)) throw new RedRoomError("OPTIONS_INVALID", `unable to send; ${id} is on its way already`);
    const sending = new Sending({ id, kind, text, re }, onState);
    this.#waiting.set(id, { sending, bytes: body.byteLength });
    this.#unsent.push(sending);
    this.#bytes += body.byteLength;
    return { sending, body };
  }

  /** @returns `false` when no such message waits. */
  stored(answer: Stored): boolean {
    const sending = this.#take(answer.id);
    sending?.stored(answer);
    return sending !== undefined;
  }

  /** @returns `false` when no such message waits. */
  refused(id: string, error: RedRoomError): boolean {
    const sending = this.#take(id);
    sending?.fail(error);
    return sending !== undefined;
  }

  /** Everything handed over so far has left for the network. */
  flushed(): void {
    for (const sending of this.#unsent.splice(0)) sending.sent();
  }

  failAll(error: RedRoomError): void {
    this.#unsent = [];
    for (const id of [...this.#waiting.keys()]) this.refused(id, error);
  }

  #take(id: string): Sending | undefined {
    const entry = this.#waiting.get(id);
    if (entry === undefined) return undefined;
    this.#waiting.delete(id);
    this.#bytes -= entry.bytes;
    return entry.sending;
  }
}
