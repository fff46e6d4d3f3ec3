import { randomBytes } from "node:crypto";
import { toBase64Url } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { commit, encodeContent, encodeLeaf, type LeafFields, peopleIn, SALT_BYTES } from "../evidence/leaf.ts";
import { hashLeaf } from "../evidence/merkle.ts";
import { encodeMessage } from "../protocol/codec.ts";
import { packEntry } from "../protocol/entry-body.ts";
import type { EntryDraft, StoredEntry } from "../store/topic-store.ts";

/** @returns What makes an entry with this text; the same salt and commitment each time. */
export function sealed(text: string): (fields: Omit<LeafFields, "commitment">) => EntryDraft {
  const salt = randomBytes(SALT_BYTES);
  const content = encodeContent(text);
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
  sent: { readonly kind: string; readonly re: number | undefined; readonly content: string },
): void {
  const fields = JSON.parse(leaf) as { kind: string; re?: number };
  const same =
    fields.kind === sent.kind && fields.re === sent.re && (content === undefined || content === sent.content);
  if (!same) {
    throw new RedRoomError(
      "ID_REUSED",
      `unable to store the message; its id is that of message ${seq}, which says something else`,
    );
  }
}

/** The pseudonyms that an entry names. */
export function peopleOf({ leaf }: StoredEntry): readonly string[] {
  return peopleIn(JSON.parse(leaf) as LeafFields);
}

/** The frame of an entry; of one whose content is erased, that of its placeholder. */
export function encodeEntry({ leaf, content, salt }: StoredEntry, nameOf: (pseudonym: string) => string): Uint8Array {
  if (content === undefined || salt === undefined) {
    return encodeMessage({ type: "placeholder", leafHash: toBase64Url(hashLeaf(leaf)) });
  }
  const { by } = JSON.parse(leaf) as LeafFields;
  return encodeMessage(packEntry({ author: nameOf(by), leaf, content, salt }));
}
