import { concatBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../base/bytes.ts";
import { protocolError } from "./frame.ts";
import type { MessageOf } from "./messages.ts";

/** An entry as it travels: the stored lines byte for byte, and the author's name from the directory. */
export interface WireEntry {
  readonly author: string;
  readonly leaf: string;
  readonly content: string;
  readonly salt: Uint8Array;
}

export function packEntry({ author, leaf, content, salt }: WireEntry): MessageOf<"entry"> {
  const leafLine = utf8(leaf);
  return {
    type: "entry",
    author,
    salt: toBase64Url(salt),
    leafBytes: leafLine.byteLength,
    body: concatBytes([leafLine, utf8(content)]),
  };
}

/** @throws {RedRoomError} `PROTOCOL_ERROR`. */
export function unpackEntry({ author, salt, leafBytes, body }: MessageOf<"entry">): WireEntry {
  if (leafBytes > body.byteLength) throw protocolError(`an entry's leaf of ${leafBytes} bytes does not fit its body`);
  try {
    return {
      author,
      leaf: fromUtf8(body.subarray(0, leafBytes)),
      content: fromUtf8(body.subarray(leafBytes)),
      salt: fromBase64Url(salt) ?? new Uint8Array(0),
    };
  } catch (error) {
    throw protocolError("an entry is not UTF-8", error);
  }
}
