import { randomBytes } from "node:crypto";
import { RedRoomError } from "../base/errors.ts";
import {
  type Content,
  commit,
  encodeContent,
  encodeLeaf,
  type LeafFields,
  readContent,
  SALT_BYTES,
} from "../evidence/leaf.ts";
import type { Wish } from "../rules/decide.ts";
import type { EntryDraft, StoredEntry } from "../store/topic-store.ts";

/** @returns What makes an entry with this content; the same salt and commitment each time. */
export function committed(
  text: string,
  extras: Omit<Content, "text"> = {},
): (fields: Omit<LeafFields, "commitment">) => EntryDraft {
  const salt = randomBytes(SALT_BYTES);
  const content = encodeContent(text, extras);
  const commitment = commit(salt, content);
  return (fields) => ({ leaf: encodeLeaf({ ...fields, commitment }), content, salt });
}

/**
 * An id stands for one message: what else is sent under it would be acked and lost.
 *
 * @throws {RedRoomError} `ID_REUSED`.
 */
export function refuseOther(
  { seq, leaf, content }: StoredEntry,
  sent: Pick<Wish, "kind" | "re" | "to" | "due" | "priority"> & Pick<Content, "text" | "metadata">,
): void {
  const { kind, re, to, due, priority = "normal" } = JSON.parse(leaf) as LeafFields;
  const said = content === undefined || authored(readContent(content)) === authored(sent);
  // Whom other kinds are for follows from what they refer to.
  const addressed = kind === "question" || kind === "note";
  const asLong = kind !== "question" || (due === sent.due && priority === (sent.priority ?? "normal"));
  const same = kind === sent.kind && re === sent.re && asLong && said;
  if (!same || (addressed && JSON.stringify(to) !== JSON.stringify(sent.to))) {
    throw new RedRoomError(
      "ID_REUSED",
      `unable to store the message; its id is that of message ${seq}, which says something else`,
    );
  }
}

/** Where an entry stands, and since when. */
export function placeOf({ seq, leaf }: StoredEntry): { readonly seq: number; readonly at: number } {
  const { at } = JSON.parse(leaf) as LeafFields;
  return { seq, at };
}

/** What of a content comes from its author. */
const authored = ({ text, metadata }: Content = { text: "" }): string => encodeContent(text, { metadata });
