import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { randomId } from "../../src/base/id.ts";
import { readContent } from "../../src/evidence/leaf.ts";
import { openWorld } from "../world.ts";
import { RawClient } from "./raw-client.ts";

const TITLE = "Share Deal";

/** A stream of somebody who writes metadata as he likes. */
async function hostileWorld() {
  const world = await openWorld("memory", { metadata: { note: v.looseObject({}) }, quotas: { connection: {} } });
  const client = await RawClient.dial(world.transport, world.address);
  await client.login("anna");
  const stream = await client.openTopic(TITLE);
  const publish = async (text: Uint8Array, metadata: Uint8Array, metadataBytes = metadata.byteLength) => {
    const body = new Uint8Array([...text, ...metadata]);
    stream.send({ type: "publish", id: randomId(), kind: "note", ...(metadataBytes > 0 && { metadataBytes }), body });
    return stream.next("ack", "refused");
  };
  const contents = async () => {
    const { id = "" } = (await world.store.findTopic({ title: TITLE })) ?? {};
    return (await world.store.read(id, { from: 1, limit: 10_000 })).map(({ content = "" }) => content);
  };
  return { publish, contents, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const hostile = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.json({ maxDepth: 3 }).map(utf8),
  fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }).map((object) => utf8(canonicalJson(object))),
  fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }).map((object) => utf8(JSON.stringify(object))),
  fc
    .constantFrom('{"__proto__":{"a":1}}', '{"a":1e400}', '{"a":-0}', '{"a":"\\ud800"}', '{"a":9007199254740993}')
    .map(utf8),
  fc.integer({ min: 1, max: 2_000 }).map((depth) => utf8(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`)),
);

describe("metadata of a stranger", () => {
  it("is stored byte for byte, or refused, and the stream goes on", async () => {
    await using world = await hostileWorld();
    const stored: string[] = [];
    await fc.assert(
      fc.asyncProperty(hostile, async (metadata) => {
        const answer = await world.publish(utf8("?"), metadata);
        if (answer.type === "refused") expect(answer.code).toBe("METADATA_INVALID");
        else stored.push(`{"text":"?","metadata":${Buffer.from(metadata)}}`);
      }),
      { numRuns: 300 },
    );
    expect(stored.length).toBeGreaterThan(20);
    expect(await world.contents()).toEqual(stored);
    for (const content of stored) expect(readContent(content)).toBeDefined();
  });

  it("is refused where it does not fit the body, is no UTF-8, or is too long", async () => {
    await using world = await hostileWorld();
    const good = utf8('{"a":1}');
    expect(await world.publish(utf8("?"), good, 9)).toMatchObject({ type: "refused", code: "PROTOCOL_ERROR" });
    expect(await world.publish(utf8("?"), Uint8Array.of(0xc3, 0x28))).toMatchObject({ code: "METADATA_INVALID" });
    expect(await world.publish(utf8("?"), utf8(`{"a":"${"x".repeat(4_089)}"}`))).toMatchObject({
      code: "METADATA_INVALID",
      message: "unable to take the message's metadata; 4097 bytes, the limit is 4096",
    });
    expect(await world.publish(utf8("?"), utf8(`{"a":"${"x".repeat(4_088)}"}`))).toMatchObject({ type: "ack", seq: 1 });
    expect(await world.publish(utf8(""), good)).toMatchObject({ type: "refused", code: "TEXT_INVALID" });
    expect(await world.publish(utf8("?"), good)).toMatchObject({ type: "ack", seq: 2 });
  });
});
