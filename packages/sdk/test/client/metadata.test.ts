import type { RedRoomClient, RedRoomError, SchemaResult, StandardSchema, TopicMessage } from "@redroom/sdk";
import { randomId } from "@redroom/sdk";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { readContent } from "../../src/evidence/leaf.ts";
import { openRoom, type Room, TITLE, turns } from "./room.ts";

const deal = v.object({ deal: v.string(), stage: v.picklist([1, 2]) });
const metadata = { deal: "Müller", stage: 1 };

/** A schema that answers as it is told. */
const answering = (validate: StandardSchema["~standard"]["validate"]): StandardSchema => ({
  "~standard": { version: 1, vendor: "test", validate },
});

const openTopic = (client: RedRoomClient) => client.topic(TITLE).open({ from: "start" });

const errorOf = (work: PromiseLike<unknown>): PromiseLike<RedRoomError | undefined> =>
  work.then(
    () => undefined,
    (error: RedRoomError) => error,
  );

/** What the record has, in order. */
async function contentsOf(room: Room) {
  const { id = "" } = (await room.store.findTopic({ title: TITLE })) ?? {};
  return (await room.store.read(id, { from: 1, limit: 100 })).map(({ content }) => readContent(content ?? ""));
}

describe("metadata", () => {
  it("goes with a message to everybody, live and from the history, as it was sent", async () => {
    await using room = await openRoom({ metadata: { question: deal, answer: v.looseObject({}), correction: deal } });
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const read: TopicMessage[] = [];
    bernd.on("message", ({ message }) => read.push(message));
    await openTopic(bernd);
    const topic = await openTopic(anna);

    const { seq } = await topic.ask("Wie hoch?", { metadata });
    await bernd.topic(TITLE).answer({ seq }, "€ 25.000", {
      metadata: { source: ["Bilanz 2025", { page: 7 }], signed: false, value: 1e21 },
    });
    await topic.correct({ seq }, "Wie hoch genau?", { metadata: { stage: 2, deal: "Müller" } });
    await room.until(() => read.length === 3);

    const expected = [
      { kind: "question", metadata },
      { kind: "answer", metadata: { source: ["Bilanz 2025", { page: 7 }], signed: false, value: 1e21 } },
      { kind: "correction", metadata: { deal: "Müller", stage: 2 } },
    ];
    expect(read).toMatchObject(expected);
    expect(await room.settled(topic.history())).toMatchObject(expected);
    expect(read[0]).not.toHaveProperty("annotations");
  });

  it("is refused with the place and the reason, and what comes behind it is stored", async () => {
    await using room = await openRoom({ metadata: { question: deal } });
    const topic = await openTopic(await room.connect("anna"));
    const wrong = topic.ask("Wie hoch?", { metadata: { deal: "Müller", stage: 3 } });
    const right = topic.ask("Wie hoch?", { metadata });
    expect(await errorOf(wrong)).toMatchObject({
      code: "METADATA_INVALID",
      retryable: false,
      message: expect.stringMatching(
        /^unable to take the message's metadata; of the kind question: stage: .*received 3$/,
      ),
    });
    expect(await right).toMatchObject({ duplicate: false });
    expect(await contentsOf(room)).toEqual([{ text: "Wie hoch?", metadata }]);
  });

  it("is refused for kinds without a schema, and asked for where the schema wants it", async () => {
    await using room = await openRoom({ metadata: { question: deal, answer: v.optional(deal) } });
    const topic = await openTopic(await room.connect("anna"));
    expect(await errorOf(topic.note("Hallo", { metadata }))).toMatchObject({
      code: "METADATA_INVALID",
      message: "unable to take the message's metadata; this server takes none with the kind note",
    });
    expect(await errorOf(topic.ask("Wie hoch?"))).toMatchObject({ code: "METADATA_INVALID" });
    expect(await errorOf(topic.ask("Wie hoch?", { metadata: {} }))).toMatchObject({ code: "METADATA_INVALID" });
    const { seq } = await topic.ask("Wie hoch?", { metadata });
    const others = await openTopic(await room.connect("bernd"));
    expect(await errorOf(others.answer({ seq }, "25"))).toBeUndefined();
  });

  it("is stored as it was sent, whatever its schema makes of it", async () => {
    const changing = answering((value) => {
      Object.assign(value as object, { deal: "changed in place", more: 1 });
      return { value: { deal: "changed" } } as object;
    });
    await using room = await openRoom({ metadata: { note: changing } });
    const topic = await openTopic(await room.connect("anna"));
    await topic.note("Hallo", { metadata: { deal: "sent" } });
    expect(await contentsOf(room)).toEqual([{ text: "Hallo", metadata: { deal: "sent" } }]);
  });

  it("is part of what an id stands for", async () => {
    await using room = await openRoom({ metadata: { note: v.optional(v.looseObject({})) } });
    const topic = await openTopic(await room.connect("anna"));
    const id = randomId();
    const { seq } = await topic.note("Hallo", { id, metadata: { a: 1, b: 2 } });
    expect(await topic.note("Hallo", { id, metadata: { b: 2, a: 1 } })).toMatchObject({ seq, duplicate: true });
    for (const other of [{ metadata: { a: 1 } }, {}]) {
      expect(await errorOf(topic.note("Hallo", { id, ...other }))).toMatchObject({ code: "ID_REUSED" });
    }
  });

  it("that was stored is acked again although its schema has changed", async () => {
    let answer: SchemaResult = {};
    await using room = await openRoom({ metadata: { note: answering(() => answer) } });
    const topic = await openTopic(await room.connect("anna"));
    const id = randomId();
    const { seq } = await topic.note("Hallo", { id, metadata });
    answer = { issues: [{ message: "not any more" }] };
    expect(await topic.note("Hallo", { id, metadata })).toMatchObject({ seq, duplicate: true });
    expect(await errorOf(topic.note("Hallo", { metadata }))).toMatchObject({ code: "METADATA_INVALID" });
  });

  it("is not searched", async () => {
    await using room = await openRoom({ metadata: { note: deal } });
    const topic = await openTopic(await room.connect("anna"));
    await topic.note("Hallo", { metadata });
    const found: string[] = [];
    for (const text of ["Müller", "Hallo"]) {
      for await (const { message } of topic.search({ text })) found.push(`${text}: ${message.text}`);
    }
    expect(found).toEqual(["Hallo: Hallo"]);
  });

  it("that JSON does not have is refused at once, by its place", async () => {
    await using room = await openRoom();
    const topic = await openTopic(await room.connect("anna"));
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const cases: [object, string][] = [
      [{ due: new Date(0) }, "due is no plain object but [object Date]"],
      [{ a: [1, Number.NaN] }, "a.1 is NaN"],
      [{ a: { b: 1n } }, "a.b is of the type bigint"],
      [{ text: "\ud800" }, "text is no Unicode"],
      [{ map: new Map() }, "map is no plain object but [object Map]"],
      [cycle, "nested more than 32 deep"],
      [{ text: "x".repeat(4_096) }, "the metadata has 4107 bytes, the limit is 4096"],
    ];
    for (const [wrong, reason] of cases) {
      expect(() => topic.note("Hallo", { metadata: wrong as { readonly [name: string]: string } })).toThrow(
        expect.objectContaining({ code: "METADATA_INVALID", message: expect.stringContaining(reason) }),
      );
    }
    expect(topic.unstored).toBe(0);
  });
});

describe("a schema of the server", () => {
  it("may take its time, and what its author sends meanwhile keeps its place", async () => {
    const answers: (() => void)[] = [];
    const slow = answering(() => new Promise((resolve) => answers.push(() => resolve({}))));
    await using room = await openRoom({ metadata: { question: slow } });
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const [topic, others] = [await openTopic(anna), await openTopic(bernd)];
    const asked = topic.ask("Wie hoch?", { metadata });
    const noted = topic.note("Danke.");
    expect(await others.note("Dazwischen.")).toMatchObject({ seq: 1 });
    await turns(20);
    expect([asked.state, noted.state]).toEqual(["sent", "sent"]);
    answers.shift()?.();
    expect([(await asked).seq, (await noted).seq]).toEqual([2, 3]);
  });

  it("that gives no answer in time lets the message come again, and others go on", async () => {
    const answers: SchemaResult[] = [];
    const slow = answering(() => answers.shift() ?? new Promise(() => {}));
    await using room = await openRoom({ metadata: { question: slow }, hookTimeoutMs: 5_000 });
    const [topic, others] = [await openTopic(await room.connect("anna")), await openTopic(await room.connect("bernd"))];
    const [asked, noted] = [topic.ask("Wie hoch?", { metadata }), topic.note("Danke.")];
    await room.pass(4_900);
    expect(await room.settled(others.note("Dazwischen."))).toMatchObject({ seq: 1 });
    answers.push({});
    expect([(await room.settled(asked)).seq, (await room.settled(noted)).seq]).toEqual([2, 3]);
    expect(answers).toEqual([]);
  });

  it.each<[string, StandardSchema]>([
    [
      "throws",
      answering(() => {
        throw new Error("secret of the server");
      }),
    ],
    ["rejects", answering(() => Promise.reject(new Error("secret of the server")))],
    ["answers nonsense", answering(() => undefined as never)],
    ["answers yes or no", answering(() => false as never)],
    ["finds an issue at no place", answering(() => ({ issues: [{ message: "no", path: [null as never] }] }))],
  ])("that %s refuses the message without telling why, which is logged", async (_, schema) => {
    const logged: unknown[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (...what: unknown[]) => void logged.push(what) };
    await using room = await openRoom({ metadata: { note: schema }, logger });
    const topic = await openTopic(await room.connect("anna"));
    expect(await errorOf(topic.note("Hallo", { metadata }))).toMatchObject({
      code: "NOT_ALLOWED",
      message: "unable to take the metadata; the server does not allow it",
    });
    expect(logged).toHaveLength(1);
  });

  it("that refuses without an issue refuses", async () => {
    await using room = await openRoom({ metadata: { note: answering(() => ({ issues: [] })) } });
    const topic = await openTopic(await room.connect("anna"));
    expect(await errorOf(topic.note("Hallo", { metadata }))).toMatchObject({ code: "METADATA_INVALID" });
  });

  it("tells three issues at most, on one line, each cut", async () => {
    const issue = { message: `no\n\u202e${"x".repeat(1_000)}`, path: ["a", { key: 0 }] };
    await using room = await openRoom({ metadata: { note: answering(() => ({ issues: Array(10).fill(issue) })) } });
    const topic = await openTopic(await room.connect("anna"));
    const { message = "" } = (await errorOf(topic.note("Hallo", { metadata }))) ?? {};
    expect(message.match(/a\.0: no {2}x/g)).toHaveLength(3);
    expect(message.length).toBeLessThan(400);
  });

  it.each([
    ["a kind that there is not", { remark: deal }, "metadata.remark is no kind of message"],
    ["no schema", { note: {} }, "metadata.note is no Standard Schema of version 1"],
    ["nothing", { note: undefined }, "metadata.note is no Standard Schema of version 1"],
  ])("is none for %s", async (_, wrong, reason) => {
    await expect(openRoom({ metadata: wrong as object })).rejects.toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID", message: expect.stringContaining(reason) }),
    );
  });
});
