import { concatBytes, utf8 } from "../base/bytes.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { MessageKind, Priority } from "../base/message-kind.ts";
import type { MetadataOf } from "../base/metadata.ts";
import { checkMessage } from "../protocol/codec.ts";
import type { Limits } from "../protocol/limits.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { Person } from "./person.ts";
import { Sending, type Stored } from "./sending.ts";

/** What every message may have. */
export interface AddressOptions {
  /** Whom it is for: names or pseudonyms of other members. Without, it is for all members. */
  readonly to?: readonly string[];
  /** A `randomId()`; the same one again stores nothing twice. By default a new one. */
  readonly id?: string;
}

/** What a message of a kind may have. */
export interface MessageOptions<Kind extends MessageKind> extends AddressOptions {
  /**
   * What your application adds: a JSON object of at most `limits.maxMetadataBytes` (4,096 by default), declared in
   * `CustomTypes`. The server's schema for this kind decides whether it is taken; without one it is refused.
   */
  readonly metadata?: MetadataOf<Kind>;
}

/** What a question may have besides. */
export interface AskOptions extends MessageOptions<"question"> {
  /** How soon it wants an answer; `normal` by default. */
  readonly priority?: Priority;
  /** Until when it wants an answer. */
  readonly due?: Date;
  /** For a follow-up: the seq of the message that it refers to. */
  readonly re?: number;
}

export interface SendOptions<Kind extends MessageKind = MessageKind>
  extends Omit<AskOptions, "metadata">,
    MessageOptions<Kind> {
  /** `note` by default. */
  readonly kind?: Kind;
  /** The seq of the message that this one refers to. */
  readonly re?: number;
}

/** A message as it is sent: the people that it names are members. */
export type Addressed = Omit<SendOptions, "to" | "metadata"> & {
  readonly metadata?: object | undefined;
  readonly to?: readonly Person[] | undefined;
};

/** How much may wait to be stored, for each topic. */
export interface OutboxLimits {
  /** 1,024 by default. */
  readonly maxMessages: number;
  /** UTF-8 bytes of their texts and metadata; 16 MiB by default. */
  readonly maxBytes: number;
}

export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = { maxMessages: 1024, maxBytes: 16 * 1024 * 1024 };

type Publication = MessageOf<"publish">;

interface Entry {
  readonly sending: Sending;
  readonly message: Publication;
}

/** The messages of one topic that the record has not answered yet, in call order, in memory only. */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #waiting = new Map<string, Entry>();
  /** Those not handed to this connection's stream yet. */
  #unsent: Entry[] = [];
  /** Those handed over that have not left for the network yet. */
  #leaving: Sending[] = [];
  #bytes = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The message that waits under this id. */
  find(id: string): Sending | undefined {
    return this.#waiting.get(id)?.sending;
  }

  /**
   * Checks a message and takes it.
   *
   * @throws {RedRoomError} `TEXT_INVALID`, `TEXT_TOO_LARGE`, `METADATA_INVALID`, `OUTBOX_FULL`, `OPTIONS_INVALID`.
   */
  add(text: string, options: Addressed, limits: Limits, clock: Clock, onState: (sending: Sending) => void): Sending {
    const { kind = "note", re, id = randomId(), to, metadata } = options;
    const [textBytes, metadataBytes] = [bytesOfText(text, kind, limits), bytesOfMetadata(metadata, limits)];
    const body = concatBytes([textBytes, metadataBytes]);
    const { maxMessages, maxBytes } = this.#limits;
    if (this.#waiting.size >= maxMessages || this.#bytes + body.byteLength > maxBytes) {
      throw new RedRoomError(
        "OUTBOX_FULL",
        `unable to send; ${this.#waiting.size} messages of ${this.#bytes} bytes wait to be stored, the limits are ${maxMessages} and ${maxBytes}`,
        { retryable: true, remedy: "wait for earlier messages before sending more" },
      );
    }
    const message = publicationOf(id, kind, options, body, metadataBytes.byteLength);
    checkMessage(message);
    if (this.#waiting.has(id)) throw new RedRoomError("OPTIONS_INVALID", `unable to send; ${id} is on its way already`);
    const sending = new Sending({ id, kind, text, re, to }, clock, onState);
    const entry = { sending, message };
    this.#waiting.set(id, entry);
    this.#unsent.push(entry);
    this.#bytes += body.byteLength;
    return sending;
  }

  /** @returns The message that was waiting. */
  stored(answer: Stored): Sending | undefined {
    const sending = this.#take(answer.id);
    sending?.stored(answer);
    return sending;
  }

  refused(id: string, error: RedRoomError): void {
    this.#take(id)?.fail(error);
  }

  /** Hands over what is left, in call order. @param publish Answers `false` when the network is behind. */
  send(publish: (message: Publication) => boolean): void {
    let room = true;
    for (const { message, sending } of this.#unsent.splice(0)) {
      this.#leaving.push(sending);
      room = publish(message);
    }
    if (room) this.flushed();
  }

  /** Everything handed over so far has left for the network. */
  flushed(): void {
    for (const sending of this.#leaving.splice(0)) sending.sent();
  }

  /** The connection was lost: whatever has no answer is sent again on the next one, under the same ids, in the same order. */
  requeue(): void {
    this.#leaving = [];
    this.#unsent = [...this.#waiting.values()];
    for (const { sending } of this.#unsent) sending.requeued();
  }

  /** @returns How many there were. */
  failAll(error: RedRoomError): number {
    const { size } = this.#waiting;
    this.#unsent = [];
    this.#leaving = [];
    for (const id of [...this.#waiting.keys()]) this.refused(id, error);
    return size;
  }

  #take(id: string): Sending | undefined {
    const entry = this.#waiting.get(id);
    if (entry === undefined) return undefined;
    this.#waiting.delete(id);
    this.#bytes -= entry.message.body.byteLength;
    return entry.sending;
  }
}

function bytesOfText(text: string, kind: MessageKind, { maxTextBytes }: Limits): Uint8Array {
  if (!text.isWellFormed()) throw new RedRoomError("TEXT_INVALID", "unable to send; the text is not Unicode");
  // These two say something without a reason, too.
  if (text === "" && kind !== "withdrawal" && kind !== "reveal") {
    throw new RedRoomError("TEXT_INVALID", "unable to send; the text is empty");
  }
  const body = utf8(text);
  if (body.byteLength <= maxTextBytes) return body;
  throw new RedRoomError(
    "TEXT_TOO_LARGE",
    `unable to send; the text has ${body.byteLength} bytes, the limit is ${maxTextBytes}`,
  );
}

/** None for an object without members. */
function bytesOfMetadata(metadata: object | undefined, { maxMetadataBytes }: Limits): Uint8Array {
  const json = metadata === undefined ? "{}" : jsonOf(metadata);
  const bytes = json === "{}" ? new Uint8Array(0) : utf8(json);
  if (bytes.byteLength <= maxMetadataBytes) return bytes;
  throw new RedRoomError(
    "METADATA_INVALID",
    `unable to send; the metadata has ${bytes.byteLength} bytes, the limit is ${maxMetadataBytes}`,
  );
}

function jsonOf(metadata: object): string {
  try {
    return canonicalJson(metadata);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RedRoomError("METADATA_INVALID", `unable to send the metadata as JSON; ${reason}`, { cause });
  }
}

function publicationOf(
  id: string,
  kind: MessageKind,
  { to, re, priority, due }: Addressed,
  body: Uint8Array,
  metadataBytes: number,
): Publication {
  if (kind !== "question" && (priority !== undefined || due !== undefined)) {
    throw new RedRoomError(
      "OPTIONS_INVALID",
      `unable to send; only a question has a priority or a deadline, not: ${kind}`,
    );
  }
  return {
    type: "publish",
    id,
    kind,
    ...(to !== undefined && { to: to.map((person) => person.id) }),
    ...(re !== undefined && { re }),
    ...(priority !== undefined && priority !== "normal" && { priority }),
    ...(due !== undefined && { due: due.getTime() }),
    ...(metadataBytes > 0 && { metadataBytes }),
    body,
  };
}
