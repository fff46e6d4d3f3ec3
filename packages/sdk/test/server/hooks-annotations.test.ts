import type { Extension } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { randomId } from "../../src/base/id.ts";
import { commit, parseLeaf, readContent } from "../../src/evidence/leaf.ts";
import { GatheredAnnotations } from "../../src/server/gathered-annotations.ts";
import { type HookWorld, hookWorld } from "./hook-world.ts";
import { type RawStream, turns } from "./raw-client.ts";

const TITLE = "Share Deal";

function note(stream: RawStream, text: string, { id = randomId(), metadata = "" } = {}) {
  const body = utf8(text + metadata);
  const extra = metadata === "" ? {} : { metadataBytes: utf8(metadata).byteLength };
  stream.send({ type: "publish", id, kind: "note", ...extra, body });
  return stream.next("ack", "refused");
}

async function entries({ store }: HookWorld) {
  const topic = await store.findTopic({ title: TITLE });
  return store.read(topic?.id ?? "", { from: 1, limit: 100 });
}

const annotating = (name: string, annotations: unknown): Extension => ({
  name,
  beforeAppend: () => ({ annotations: annotations as never }),
});

describe("annotations", () => {
  it("of several extensions become part of the record, beside the metadata, and of the commitment", async () => {
    const told: unknown[] = [];
    const any = { "~standard": { version: 1 as const, vendor: "test", validate: () => ({}) } };
    await using world = await hookWorld({
      metadata: { note: any },
      extensions: [
        annotating("scan", { virus: null, scanner: { name: "x", list: [1, 2] } }),
        { name: "silent", beforeAppend: async ({ message }) => void told.push(message.metadata) },
        annotating("clerk", { checkedBy: "klara", absent: undefined }),
        { afterAppend: ({ message }) => void told.push(message.metadata, message.annotations) },
      ],
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    expect(await note(anna, "hello", { metadata: '{"deal":"x"}' })).toMatchObject({ type: "ack" });
    await turns();
    const annotations = { virus: null, scanner: { name: "x", list: [1, 2] }, checkedBy: "klara" };
    const [entry] = await entries(world);
    const { leaf = "", content = "", salt = new Uint8Array() } = entry ?? {};
    expect(readContent(content)).toEqual({ text: "hello", metadata: { deal: "x" }, annotations });
    expect(commit(salt, content)).toBe(parseLeaf(leaf)?.commitment);
    expect(told).toEqual([{ deal: "x" }, { deal: "x" }, annotations]);
  });

  it("do not count for what a message says: it may be sent again", async () => {
    let count = 0;
    await using world = await hookWorld({ beforeAppend: () => ({ annotations: { count: ++count } as never }) });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    const id = randomId();
    await note(anna, "once", { id });
    expect(await note(anna, "once", { id })).toMatchObject({ seq: 1, duplicate: true });
    expect(await note(anna, "twice")).toMatchObject({ seq: 2 });
    expect((await entries(world)).map(({ content = "" }) => readContent(content)?.annotations)).toEqual([
      { count: 1 },
      { count: 2 },
    ]);
  });

  it("cannot be changed by who is told of them, nor later by who has made them", async () => {
    const own = { list: ["as it was"] };
    await using world = await hookWorld({
      extensions: [
        { beforeAppend: () => ({ annotations: own as never }) },
        {
          beforeAppend() {
            own.list.push("added");
          },
          afterAppend({ message }) {
            expect(Object.isFrozen(message.annotations)).toBe(true);
            expect(Object.isFrozen((message.annotations as { list?: unknown }).list)).toBe(true);
          },
        },
      ],
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    await note(anna, "hello");
    await turns();
    expect(readContent((await entries(world))[0]?.content ?? "")?.annotations).toEqual({ list: ["as it was"] });
    expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
  });

  it.each([
    ["that are no object", "text", "no object"],
    ["that are a list", [1], "no object"],
    ["that JSON does not have", { at: new Date(0) }, "at is no plain object"],
    ["that are endless", endless(), "nested more than"],
    ["that another extension has made already", { taken: 2 }, '"taken" already'],
    ["that are too large with those of the others", { text: "x".repeat(4_070) }, "the limit is 4096"],
  ])(
    "%s are an error of their extension: the message is refused, and the log says why",
    async (_, annotations, why) => {
      await using world = await hookWorld({
        extensions: [annotating("first", { taken: 1, text2: "" }), annotating("second", annotations)],
      });
      const anna = await (await world.connect("anna")).openTopic(TITLE);
      expect(await note(anna, "hello")).toMatchObject({ type: "refused", code: "NOT_ALLOWED" });
      expect(await entries(world)).toEqual([]);
      const [{ fields } = { fields: {} }] = world.log.filter(({ level }) => level === "error");
      expect(fields).toMatchObject({ hook: "beforeAppend of second" });
      expect((fields as { readonly error: Error }).error.message).toContain(why);
    },
  );
});

function endless(): object {
  const loop: { again?: object } = {};
  loop.again = loop;
  return loop;
}

describe("what extensions add to one message", () => {
  it("is nothing where they answer nothing, or add no member", () => {
    const gathered = new GatheredAnnotations(100);
    for (const answer of [undefined, null, {}, { annotations: undefined }, { annotations: {} }, true, new Set([1])])
      gathered.add(answer);
    expect(gathered.all).toBeUndefined();
    expect(() => gathered.add({ metadata: { stage: 1 } })).toThrow('it has answered with "metadata"');
  });

  it("may be as large as the limit, and have names that JavaScript means something by", () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as object;
    const bytes = utf8(canonicalJson(hostile)).byteLength;
    const gathered = new GatheredAnnotations(bytes);
    gathered.add({ annotations: hostile });
    expect(canonicalJson(gathered.all ?? {})).toBe(canonicalJson(hostile));
    expect(Reflect.get({}, "admin")).toBeUndefined();
    expect(() => gathered.add({ annotations: JSON.parse('{"__proto__":1}') })).toThrow('"__proto__" already');
    expect(() => new GatheredAnnotations(bytes - 1).add({ annotations: hostile })).toThrow(`${bytes} bytes`);
  });
});
