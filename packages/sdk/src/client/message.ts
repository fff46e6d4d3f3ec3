import type { EntryKind } from "../base/message-kind.ts";
import { type Delivery, deliveryOf } from "../evidence/delivery.ts";
import { commit, parseContent, parseLeaf } from "../evidence/leaf.ts";
import { unpackEntry } from "../protocol/entry-body.ts";
import { protocolError } from "../protocol/frame.ts";
import type { MessageOf } from "../protocol/messages.ts";

/** A message as the record has it. */
export interface TopicMessage {
  /** Its number in the topic: ascending, with gaps where the record has something else than a message to be read. */
  readonly seq: number;
  /** Given by its author, unique among their messages of the topic. */
  readonly id: string;
  /** What it is; `erasure` and `export` tell what the operator did, `text` says why. */
  readonly kind: Exclude<EntryKind, "delivery">;
  /** The author's present name. */
  readonly author: string;
  /** When the server stored it. Order is by `seq` only. */
  readonly at: Date;
  readonly text: string;
  /** The seq of the message that this one refers to. */
  readonly re?: number;
}

/** An entry whose text can be read: a message and its author's pseudonym, or who has received what. */
export type ReadEntry = { readonly leaf: string } & (
  | { readonly message: TopicMessage; readonly by: string; readonly delivery?: never }
  | { readonly delivery: Delivery; readonly message?: never }
);

/**
 * Reads an entry and checks that it is the one expected, and that its text is the one the log has committed to.
 *
 * @throws {RedRoomError} `PROTOCOL_ERROR`.
 */
export function readEntry(entry: MessageOf<"entry">, topicId: string, expectedSeq: number): ReadEntry {
  const { author, leaf, content, salt } = unpackEntry(entry);
  const fields = parseLeaf(leaf);
  const text = parseContent(content);
  if (fields === undefined || text === undefined) throw protocolError(`entry ${expectedSeq} is not well formed`);
  const { topic, seq, id, kind, by, at, re, commitment } = fields;
  if (topic !== topicId || seq !== expectedSeq) throw protocolError(`entry ${seq} came in the place of ${expectedSeq}`);
  if (commit(salt, content) !== commitment) throw protocolError(`the text of entry ${seq} is not the one committed to`);
  if (kind === "delivery") {
    const delivery = deliveryOf(fields, text);
    if (delivery === undefined || delivery.last >= seq) throw protocolError(`entry ${seq} does not say who has what`);
    return { leaf, delivery };
  }
  const message = { seq, id, kind, author, at: new Date(at), text, ...(re !== undefined && { re }) };
  return { leaf, by, message };
}
