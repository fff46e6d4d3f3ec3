import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MESSAGE_KINDS } from "../../src/base/message-kind.ts";
import type { SearchQuery, TopicStore } from "../../src/store/topic-store.ts";
import { memoryStore } from "../../src/store.ts";
import { draftOf, newKey, newTopic } from "../../src/testing/store-entries.ts";
import { openStore } from "./sqlite-files.ts";

const AUTHORS = ["anna", "bernd", "carla"] as const;

/** Pieces that somebody could hope to confuse a search with. */
const pieces = fc.constantFrom(
  ...[
    "Rück",
    "ruck",
    "RU\u0308CK",
    "stellung",
    "Straße",
    "STRASSE",
    "ß",
    "s",
    "Łódź",
    "İ",
    "ı",
    "ς",
    "Σ",
    "ﬁ",
    "½",
    "m²",
  ],
  ...["🏦", "👩‍⚖️", "1️⃣", "שָׁלוֹם", "של", "مرحبا", "\u202e", "\u00ad", "日本語", "한국", "हिन्दी", "𝒳", "\u0301", "\0"],
  ...[
    '"',
    "'",
    "*",
    "^",
    ":",
    "-",
    "+",
    "(",
    ")",
    "{",
    "}",
    "\\",
    "%",
    "_",
    ";--",
    " OR ",
    " AND ",
    " NOT ",
    " NEAR ",
    "words:",
  ],
  ...[" ", " ", " ", "\n", ".", "1", "12"],
);
const texts = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join("")),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);

/** A reveal belongs to an answer, and has somebody to read it. */
const KINDS = MESSAGE_KINDS.filter((kind) => kind !== "reveal");
const messages = fc.record({
  text: texts,
  author: fc.constantFrom(...AUTHORS),
  at: fc.integer({ min: 1, max: 9 }),
  kind: fc.constantFrom(...KINDS),
  re: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  to: fc.option(fc.subarray([...AUTHORS], { minLength: 1 }), { nil: undefined }),
});
const queries = fc.record(
  {
    text: texts,
    authors: fc.subarray([...AUTHORS]),
    recipients: fc.subarray([...AUTHORS]),
    kinds: fc.subarray([...MESSAGE_KINDS]),
    re: fc.integer({ min: 1, max: 3 }),
    from: fc.integer({ min: 1, max: 9 }),
    until: fc.integer({ min: 1, max: 9 }),
    order: fc.constantFrom("newest" as const, "oldest" as const),
    after: fc.integer({ min: 0, max: 12 }),
  },
  { requiredKeys: [] },
);

describe("the memory store and the SQLite store", () => {
  it("find the same, whatever is written and looked for", async () => {
    await using world = await openStore();
    const memory = memoryStore();
    await memory.open();
    const found = async (store: TopicStore, topicId: string, query: Partial<SearchQuery>) => {
      const { entries, done } = await store.search(topicId, { limit: 100, ...query });
      return { seqs: entries.map(({ seq }) => seq), done };
    };
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(messages, { minLength: 1, maxLength: 12 }),
        fc.array(queries, { minLength: 20, maxLength: 20 }),
        async (written, asked) => {
          const topics = [await newTopic(memory), await newTopic(world.store)] as const;
          for (const [index, store] of [memory, world.store].entries()) {
            const topic = topics[index]?.id ?? "";
            const keys = written.map(({ author }) => newKey(author));
            await store.append(topic, keys[0] ?? newKey(), ({ seq }) =>
              written.map(({ text, author, ...fields }, n) =>
                draftOf(topic, keys[n] ?? newKey(author), { seq: seq + n }, text, fields),
              ),
            );
          }
          // A text finds itself as well: else most would find nothing.
          for (const query of [...asked, ...written.map(({ text }) => ({ text }))]) {
            const expected = await found(memory, topics[0].id, query);
            expect(await found(world.store, topics[1].id, query), JSON.stringify(query)).toEqual(expected);
            hits += expected.seqs.length;
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(hits).toBeGreaterThan(100);
    await memory.close();
  });
});
