import type { TopicMessage } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../src/base/bytes.ts";
import { parseLeaf } from "../../src/evidence/leaf.ts";
import { hashLeaf } from "../../src/evidence/merkle.ts";
import { unpackEntry } from "../../src/protocol/entry-body.ts";
import { deliver, draftOf, newKey, say } from "../../src/testing/store-entries.ts";
import { openRoom, TITLE } from "./room.ts";

const MESSAGES = 24;

/** Messages, the texts of some withheld or erased, among as many deliveries; small pages, so that there are many. */
async function openRecord() {
  const room = await openRoom({ limits: { maxPageEntries: 5 } });
  const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
  bernd.on("message", () => {});
  await bernd.topic(TITLE).open({ from: "start" });
  const topic = await anna.topic(TITLE).open();
  const { id = "" } = topic;
  const seqs: number[] = [];
  for (let count = 0; count < MESSAGES; count += 1) {
    const sending = topic.send(String(count));
    seqs.push((await sending).seq);
    if (count % 3 !== 0) await room.settled(sending.delivered());
  }
  const erased = seqs.filter((_, index) => index % 10 === 6);
  for (const seq of erased) {
    const key = newKey();
    const erasure = { kind: "erasure", re: seq } as const;
    await room.store.erase(id, seq, key, (head) => [draftOf(id, key, head, "by court order", erasure)]);
  }
  await room.pass(1_100); // by then the server has seen it
  seqs.push((await topic.send("last")).seq);
  // The last one, two in a row, and others.
  const withheld = seqs.filter((_, index) => index % 10 === 1 || index === 7 || index === MESSAGES);
  room.liar.lie = (message) => {
    if (message.type !== "entry") return [message];
    const { leaf } = unpackEntry(message);
    const isWithheld = withheld.includes(parseLeaf(leaf)?.seq ?? 0);
    return isWithheld ? [{ type: "placeholder", leafHash: toBase64Url(hashLeaf(leaf)) }] : [message];
  };
  const kinds = (await room.store.read(id, { from: 1, limit: 1_000 })).map(({ leaf }) => parseLeaf(leaf)?.kind);
  expect(kinds.filter((kind) => kind === "delivery").length).toBeGreaterThan(MESSAGES / 2);
  const untold = [...withheld, ...erased].sort((a, b) => a - b);
  const messages = kinds.flatMap((kind, index) => (kind === "delivery" ? [] : [index + 1]));
  return {
    topic,
    withheld: untold,
    readable: messages.filter((seq) => !untold.includes(seq)),
    [Symbol.asyncDispose]: () => room[Symbol.asyncDispose](),
  };
}

const seqsOf = (messages: readonly TopicMessage[]): number[] => messages.map(({ seq }) => seq);

describe("history with a limit", () => {
  it("brings exactly so many messages, and tells of what is withheld before the last of them, and of nothing behind", async () => {
    await using record = await openRecord();
    const { topic, readable, withheld } = record;
    for (let limit = 1; limit <= readable.length; limit += 1) {
      const told: number[] = [];
      const messages = await topic.history({ limit, onWithheld: (seq) => told.push(seq) });
      expect(seqsOf(messages)).toEqual(readable.slice(0, limit));
      const last = messages.at(-1)?.seq ?? 0;
      expect(told).toEqual(withheld.filter((seq) => seq < last));
    }
  });

  it("brings all there is where that is less, and tells of everything withheld", async () => {
    await using record = await openRecord();
    const { topic, readable, withheld } = record;
    const told: number[] = [];
    const messages = await topic.history({ limit: readable.length + 1, onWithheld: (seq) => told.push(seq) });
    expect([seqsOf(messages), told]).toEqual([readable, withheld]);
  });

  it("reads little more than it brings, where a few deliveries lie between", async () => {
    await using room = await openRoom();
    const topic = await (await room.connect("anna")).topic(TITLE).open();
    const { id = "" } = topic;
    for (let seq = 1; seq <= 120; seq += 1) {
      if (seq % 20 === 0) await deliver(room.store, id, { to: ["bernd"], first: seq - 19, last: seq - 1 });
      else await say(room.store, id, String(seq));
    }
    await room.pass(1_100); // by then the server has seen it
    let read = 0;
    room.liar.lie = (message) => {
      read += message.type === "entry" ? 1 : 0;
      return [message];
    };
    expect(await topic.history({ limit: 50 })).toHaveLength(50);
    expect(read).toBe(50 + 16);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 100])(
    "of %i, page by page, brings each message and tells of each withheld entry once",
    async (limit) => {
      await using record = await openRecord();
      const { topic, readable, withheld } = record;
      const [seen, told]: [number[], number[]] = [[], []];
      for (let from = 1, more = true; more; ) {
        const page = seqsOf(await topic.history({ from, limit, onWithheld: (seq) => told.push(seq) }));
        seen.push(...page);
        from = (page.at(-1) ?? 0) + 1;
        more = page.length === limit;
      }
      expect([seen, told]).toEqual([readable, withheld]);
    },
  );
});
