import { describe, expect, it } from "vitest";
import { readContent } from "../../src/evidence/leaf.ts";
import { packEntry, unpackEntry } from "../../src/protocol/entry-body.ts";
import type { MessageOf } from "../../src/protocol/messages.ts";
import { thrownBy } from "./thrown-by.ts";
import { comparable, toMessage, vectors } from "./vectors.ts";

const entries = vectors.valid.map(({ message }) => toMessage(message)).filter((message) => message.type === "entry");
const [entry] = entries as [MessageOf<"entry">];

describe("an entry's body", () => {
  it("is the leaf line and the content line, byte for byte", () => {
    expect(entries.length).toBeGreaterThan(2);
    for (const message of entries) {
      const unpacked = unpackEntry(message);
      expect(JSON.parse(unpacked.leaf)).toMatchObject({ v: 1, seq: expect.any(Number) });
      expect(readContent(unpacked.content)).toMatchObject({ text: expect.any(String) });
      expect(unpacked.salt.byteLength).toBe(32);
      expect(comparable(packEntry(unpacked))).toEqual(comparable(message));
    }
  });

  it.each([
    ["a leaf longer than the body", { leafBytes: entry.body.byteLength + 1 }, "does not fit its body"],
    ["a leaf that is not UTF-8", { leafBytes: 1, body: Uint8Array.of(0xff) }, "not UTF-8"],
    ["content that is not UTF-8", { leafBytes: 1, body: Uint8Array.of(0x61, 0xc3) }, "not UTF-8"],
    ["a leaf that ends within a character", { leafBytes: 1, body: Uint8Array.of(0xc3, 0xbc) }, "not UTF-8"],
  ])("with %s is refused", (_, change, reason) => {
    expect(thrownBy(() => unpackEntry({ ...entry, ...change }))).toMatchObject({
      code: "PROTOCOL_ERROR",
      message: expect.stringContaining(reason),
    });
  });
});
