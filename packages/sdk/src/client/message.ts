import { fromUtf8 } from "../base/bytes.ts";
import type { EntryKind, Priority } from "../base/message-kind.ts";
import type { Annotations, MetadataOf } from "../base/metadata.ts";
import { type Delivery, deliveryOf } from "../evidence/delivery.ts";
import { type Content, commit, type LeafFields, parseLeaf, readContent } from "../evidence/leaf.ts";
import { unpackEntry } from "../protocol/entry-body.ts";
import { protocolError } from "../protocol/frame.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { Person } from "./person.ts";

/** What the record says of a message, whether or not its text may be read. */
interface MessageFacts {
  /** Its number in the topic: ascending, with gaps where the record has something else than a message to be read. */
  readonly seq: number;
  /** Given by its author, unique among their messages of the topic. */
  readonly id: string;
  /** The author's present name. */
  readonly author: string;
  /** The author's pseudonym in this topic: the same for ever, whatever the name becomes. */
  readonly by: string;
  /** When the server stored it. Order is by `seq` only. */
  readonly at: Date;
  /** Whom it is for; absent: for all members. */
  readonly to?: readonly Person[];
  /** The seq of the message that this one refers to. */
  readonly re?: number;
}

/** The kinds of entries that are messages to be read: `erasure` and `export` tell what the operator did, `text` says why. */
export type ReadableKind = Exclude<EntryKind, "delivery" | "membership">;

/**
 * A message as the record has it: a union over its kinds, so that `message.kind === "question"` narrows it.
 * `TopicMessage<"question">` is a question.
 */
export type TopicMessage<Kind extends ReadableKind = ReadableKind> = Kind extends "question"
  ? Readable<Kind> & QuestionFacts
  : Kind extends ReadableKind
    ? Readable<Kind> & { readonly [Fact in keyof QuestionFacts]?: never }
    : never;

interface Readable<Kind extends ReadableKind> extends MessageFacts {
  readonly kind: Kind;
  readonly text: string;
  /** What its author's application added: JSON that the server's schema has let pass. Part of the record, like the text. */
  readonly metadata?: MetadataOf<Kind>;
  /** What the server's application added. Part of the record, like the text. */
  readonly annotations?: Annotations;
  /** The answer was sealed when it came, and is handed over now: behind the reveal of this seq. */
  readonly revealedBy?: number;
}

/** What only a question has. */
interface QuestionFacts {
  /** How soon it wants an answer; absent: normal. */
  readonly priority?: Exclude<Priority, "normal">;
  /** Until when it wants an answer. */
  readonly due?: Date;
  /** In a regulated topic: those who had to answer it when it was asked. */
  readonly asked?: readonly Person[];
}

/**
 * An answer to our own question in a regulated topic that we may not read yet, or a correction of one. It can no longer be
 * changed: when its text comes, as a message of the same `seq`, it must fit the commitment.
 */
export interface SealedMessage extends MessageFacts {
  readonly kind: "answer" | "correction";
  /** What the text and a secret salt were hashed to. */
  readonly commitment: string;
}

/** From a pseudonym to the person's present name; empty where nobody is known behind it. */
export type NameOf = (pseudonym: string) => string;

/** An entry whose text can be read, checked. */
export interface ReadEntry {
  /** The leaf line, byte for byte. */
  readonly leaf: string;
  readonly fields: LeafFields;
  /** The present name of the person behind `fields.by`. */
  readonly author: string;
  readonly text: string;
  readonly metadata?: Content["metadata"];
  readonly annotations?: Content["annotations"];
  /** What an entry of the kind `delivery` says. */
  readonly delivery?: Delivery;
}

/** An entry that we may not read yet, checked. */
export type ReadSealed = Pick<ReadEntry, "leaf" | "author"> & { readonly fields: SealedFields };

type SealedFields = LeafFields & { readonly kind: SealedMessage["kind"] };

/**
 * Reads an entry and checks that its text is the one the log has committed to.
 *
 * @param expectedSeq The one that must come; `undefined` where entries come as they were found.
 * @throws {RedRoomError} `PROTOCOL_ERROR`.
 */
export function readEntry(
  entry: Omit<MessageOf<"entry">, "type">,
  topicId: string,
  expectedSeq: number | undefined,
): ReadEntry {
  const { author, leaf, content, salt } = unpackEntry({ ...entry, type: "entry" });
  const fields = readLeaf(leaf, topicId, expectedSeq);
  const { seq, kind, commitment } = fields;
  const said = readContent(content);
  if (said === undefined) throw protocolError(`entry ${seq} is not well formed`);
  if (commit(salt, content) !== commitment) throw protocolError(`the text of entry ${seq} is not the one committed to`);
  if (kind !== "delivery") return { leaf, fields, author, ...said };
  const delivery = deliveryOf(fields, said.text);
  if (delivery === undefined || delivery.last >= seq) throw protocolError(`entry ${seq} does not say who has what`);
  return { leaf, fields, author, ...said, delivery };
}

/**
 * Reads the leaf of an answer that is sealed.
 *
 * @throws {RedRoomError} `PROTOCOL_ERROR`, also for what is never sealed.
 */
export function readSealed(
  { author, body }: Omit<MessageOf<"sealed">, "type">,
  topicId: string,
  expectedSeq: number | undefined,
): ReadSealed {
  const leaf = leafLineOf(body);
  const fields = readLeaf(leaf, topicId, expectedSeq);
  if (!isSealable(fields)) throw protocolError(`entry ${fields.seq} is sealed, and is of the kind ${fields.kind}`);
  return { leaf, author, fields };
}

function leafLineOf(body: Uint8Array): string {
  try {
    return fromUtf8(body);
  } catch (error) {
    throw protocolError("a leaf is not UTF-8", error);
  }
}

function readLeaf(leaf: string, topicId: string, expectedSeq: number | undefined): LeafFields {
  const fields = parseLeaf(leaf);
  if (fields === undefined) throw protocolError(`entry ${expectedSeq ?? "found"} is not well formed`);
  const { topic, seq } = fields;
  if (topic !== topicId || (expectedSeq !== undefined && seq !== expectedSeq)) {
    throw protocolError(`entry ${seq} came in the place of ${expectedSeq ?? "one of another topic"}`);
  }
  return fields;
}

const isSealable = (fields: LeafFields): fields is SealedFields =>
  fields.kind === "answer" || fields.kind === "correction";

/** @returns The message that an entry is; `undefined` for what is none: deliveries and memberships. */
export function messageOf(
  { fields, author, text, metadata, annotations }: Omit<ReadEntry, "leaf">,
  nameOf: NameOf,
  revealedBy?: number,
): TopicMessage | undefined {
  const { kind, priority, due, asked } = fields;
  if (kind === "delivery" || kind === "membership") return undefined;
  return {
    ...factsOf(fields, author, nameOf),
    kind,
    text,
    ...(metadata && { metadata }),
    ...(annotations && { annotations }),
    ...(revealedBy !== undefined && { revealedBy }),
    ...(priority !== undefined && { priority }),
    ...(due !== undefined && { due: new Date(due) }),
    ...(asked !== undefined && { asked: asked.map((id) => ({ id, name: nameOf(id) })) }),
    // A leaf has these three on questions only, and what is declared of metadata is for the server to check.
  } as TopicMessage;
}

export function sealedMessageOf({ fields, author }: ReadSealed, nameOf: NameOf): SealedMessage {
  const { kind, commitment } = fields;
  return { ...factsOf(fields, author, nameOf), kind, commitment };
}

function factsOf({ seq, id, by, at, to, re }: LeafFields, author: string, nameOf: NameOf): MessageFacts {
  return {
    seq,
    id,
    author,
    by,
    at: new Date(at),
    ...(to !== undefined && { to: to.map((one) => ({ id: one, name: nameOf(one) })) }),
    ...(re !== undefined && { re }),
  };
}
