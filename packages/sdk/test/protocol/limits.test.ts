import { describe, expect, it } from "vitest";
import { encodeMessage } from "../../src/protocol/codec.ts";
import { packEntry } from "../../src/protocol/entry-body.ts";
import { createFrameDecoder } from "../../src/protocol/frame.ts";
import { DEFAULT_LIMITS, type Limits, MAX_NAME_BYTES, maxFrameBytes } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/messages.ts";

const id = "AAECAwQFBgcICQoLDA0ODw";

/** An entry whose text takes six bytes of JSON for one. */
const longestEntry = ({ maxTextBytes }: Limits): Message =>
  packEntry({
    author: '"'.repeat(MAX_NAME_BYTES),
    leaf: JSON.stringify({ topic: id, id, by: id, seq: 2 ** 53 - 1, at: 2 ** 53 - 1, re: 2 ** 53 - 1, hash: id + id }),
    content: JSON.stringify({ text: "\u0001".repeat(maxTextBytes) }),
    salt: new Uint8Array(32),
  });

const longestPage = ({ maxTitleBytes }: Limits): Message => ({
  type: "topicList",
  topics: new Array(64).fill({ id, title: '"'.repeat(maxTitleBytes), createdAt: 2 ** 53 - 1, head: 2 ** 53 - 1 }),
  more: false,
});

describe("the longest frame", () => {
  it.each([
    DEFAULT_LIMITS,
    { ...DEFAULT_LIMITS, maxTextBytes: 1 },
    { ...DEFAULT_LIMITS, maxTitleBytes: 1 },
    { ...DEFAULT_LIMITS, maxTextBytes: 1, maxTitleBytes: 1 },
    { ...DEFAULT_LIMITS, maxTextBytes: 2 ** 20, maxTitleBytes: 4096 },
  ])(
    "holds the longest entry and the longest page of topics, with texts of $maxTextBytes and titles of $maxTitleBytes",
    (limits) => {
      for (const message of [longestEntry(limits), longestPage(limits)]) {
        const decoder = createFrameDecoder({ maxFrameBytes: maxFrameBytes(limits) });
        expect(decoder.push(encodeMessage(message))).toHaveLength(1);
      }
    },
  );
});
