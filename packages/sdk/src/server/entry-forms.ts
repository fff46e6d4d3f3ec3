import { toBase64Url, utf8 } from "../base/bytes.ts";
import type { LeafFields } from "../evidence/leaf.ts";
import { hashLeaf } from "../evidence/merkle.ts";
import { encodeMessage } from "../protocol/codec.ts";
import { packEntry } from "../protocol/entry-body.ts";
import type { Visibility } from "../rules/visibility.ts";
import type { StoredEntry } from "../store/topic-store.ts";

/** The frames of one entry, one for each way in which somebody may see it: each encoded once, and only where it is needed. */
export class EntryForms {
  readonly leaf: LeafFields;
  readonly #entry: StoredEntry;
  readonly #author: string;
  readonly #frames: { -readonly [Seen in Visibility]?: Uint8Array } = {};

  /** @param author Their present name. */
  constructor(entry: StoredEntry, author: string) {
    this.leaf = JSON.parse(entry.leaf) as LeafFields;
    this.#entry = entry;
    this.#author = author;
  }

  /** Roughly what it holds. */
  get bytes(): number {
    return this.#entry.leaf.length + (this.#entry.content?.length ?? 0);
  }

  /** The frame for somebody who sees so much of it. Of what was erased nobody sees more than the number. */
  as(seen: Visibility): Uint8Array {
    const known = this.#frames[seen];
    if (known !== undefined) return known;
    const frame = this.#encode(seen);
    this.#frames[seen] = frame;
    return frame;
  }

  /** The frame that reveals it to somebody who has seen it sealed; `undefined` when it was erased. */
  revealed(): Uint8Array | undefined {
    const packed = this.#packed();
    return packed && encodeMessage({ ...packed, type: "revealed" });
  }

  #encode(seen: Visibility): Uint8Array {
    const { leaf } = this.#entry;
    const packed = this.#packed();
    if (packed === undefined || seen === "hidden") {
      return encodeMessage({ type: "placeholder", leafHash: toBase64Url(hashLeaf(leaf)) });
    }
    return encodeMessage(seen === "sealed" ? { type: "sealed", author: this.#author, body: utf8(leaf) } : packed);
  }

  #packed() {
    const { leaf, content, salt } = this.#entry;
    if (content === undefined || salt === undefined) return undefined;
    return packEntry({ author: this.#author, leaf, content, salt });
  }
}
