import type { RedRoomClient, RedRoomError } from "@redroom/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openForks, TITLE } from "./forks.ts";

let forks: ReturnType<typeof openForks>;
const addresses: Record<string, string> = {};

/** The record as anna knew it, and what a server may show in its place; all signed with the server's own key. */
const RECORDS: Readonly<Record<string, readonly string[]>> = {
  known: ["one", "two", "three", "four", "five"],
  "with a changed entry": ["one", "two", "THREE", "four", "five"],
  "with a changed entry, and longer": ["one", "two", "THREE", "four", "five", "six", "seven"],
  "with a changed entry, and shorter": ["one", "two", "THREE", "four"],
  "as it was yesterday": ["one", "two", "three"],
  "as it was yesterday, with other entries since": ["one", "two", "three", "VIER", "FÜNF", "SECHS"],
  "that is empty": [],
  grown: ["one", "two", "three", "four", "five", "six", "seven"],
};

beforeAll(async () => {
  forks = openForks();
  for (const [name, texts] of Object.entries(RECORDS)) addresses[name] = (await forks.serve(texts)).address;
});
afterAll(() => forks[Symbol.asyncDispose]());

const connect = (record: string, name: string, trusted?: ReadonlyMap<string, string>) =>
  forks.connect(addresses[record] ?? "", name, trusted && { trusted });

async function take(client: RedRoomClient, from: "start" | number, count: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of client.topic(TITLE).messages({ from })) if (texts.push(text) === count) break;
  return texts;
}

/** Reads everything; what a client trusts afterwards. */
async function trustedOf(record: string): Promise<ReadonlyMap<string, string>> {
  const client = await connect(record, "anna");
  await take(client, "start", RECORDS[record]?.length ?? 0);
  await client.topic(TITLE).history();
  return client.trusted;
}

const WAYS: Readonly<Record<string, (client: RedRoomClient) => Promise<unknown>>> = {
  "opens the topic": (client) => client.topic(TITLE).open(),
  "opens the topic to send only": (client) => client.topic(TITLE).open({ from: "none" }),
  "opens the topic from the start": (client) => client.topic(TITLE).open({ from: "start" }),
  "follows its messages": (client) => take(client, "start", 1_000),
  "reads the history": (client) => client.topic(TITLE).history(),
  "reads the history where it had stopped": (client) => client.topic(TITLE).history({ from: 6 }),
  "asks for a proof": (client) => client.topic(TITLE).proof(1),
};

describe("a client that comes back", () => {
  for (const record of Object.keys(RECORDS).filter((name) => name !== "known" && name !== "grown")) {
    // An empty record proves nothing, and says so: no client is deceived.
    const ways = Object.keys(WAYS).filter((way) => record !== "that is empty" || way !== "asks for a proof");
    it.each(ways)(`finds out a record ${record} when it %s`, async (way) => {
      const trusted = await trustedOf("known");
      const client = await connect(record, "anna", trusted);
      const failed = await WAYS[way]?.(client).then(
        () => undefined,
        ({ code }: RedRoomError) => code,
      );
      const ending = await client.ending;
      expect(ending).toMatchObject({ code: "LOG_FORK" });
      // What was opened from the start has succeeded before the first entry came.
      if (way !== "opens the topic from the start" || failed !== undefined) expect(failed).toBe("LOG_FORK");
      expect(ending?.evidence?.["known"]).toBe(trusted.get(forks.topicId));
      await expect(client.topic(TITLE).history()).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    });
  }

  it.each(Object.keys(WAYS))("goes on with a record that has only grown when it %s", async (way) => {
    const client = await connect("grown", "anna", await trustedOf("known"));
    if (way !== "follows its messages") await WAYS[way]?.(client);
    expect(await take(client, "start", 7)).toEqual(RECORDS["grown"]);
    await client.topic(TITLE).history();
    expect(client.trusted).toEqual(await trustedOf("grown"));
  });

  it("gets both checkpoints as evidence when both are signed", async () => {
    const [mine, theirs] = [await trustedOf("known"), await trustedOf("with a changed entry, and longer")];
    const client = await connect("with a changed entry, and longer", "anna", mine);
    await expect(client.topic(TITLE).open()).rejects.toMatchObject({ code: "LOG_FORK" });
    expect((await client.ending)?.evidence).toMatchObject({
      known: mine.get(forks.topicId),
      shown: theirs.get(forks.topicId),
    });
  });

  it("refuses to trust what is not a checkpoint of the topic", async () => {
    const note = (await trustedOf("known")).get(forks.topicId) ?? "";
    for (const trusted of [new Map([[forks.topicId, "anything"]]), new Map([["AAAAAAAAAAAAAAAAAAAAAA", note]])]) {
      await expect(connect("known", "anna", trusted)).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    }
  });
});

describe("two clients that were shown two records", () => {
  const others = Object.keys(RECORDS).filter((name) => name.startsWith("with a changed") || name.includes("since"));

  it.each(others)("find out when one confirms the checkpoint of the other (%s)", async (record) => {
    for (const [mine, theirs] of [
      ["known", record],
      [record, "known"],
    ] as const) {
      const shown = (await trustedOf(theirs)).get(forks.topicId) ?? "";
      const client = await connect(mine, "bernd");
      const topic = await client.topic(TITLE).open();
      const known = await topic.checkpoint();
      await expect(topic.confirm(shown)).rejects.toMatchObject({ code: "LOG_FORK", evidence: { known, shown } });
      expect(await client.ending).toMatchObject({ code: "LOG_FORK", evidence: { known, shown } });
    }
  });

  it("find nothing where one has only seen more than the other", async () => {
    const [less, more] = [await trustedOf("known"), await trustedOf("grown")];
    const client = await connect("grown", "bernd");
    const topic = await client.topic(TITLE).open();
    await topic.confirm(less.get(forks.topicId) ?? "");
    await topic.confirm(more.get(forks.topicId) ?? "");
    expect(await topic.history()).toHaveLength(7);
  });

  it("are not ended by a note that nobody signed", async () => {
    const client = await connect("known", "bernd");
    const topic = await client.topic(TITLE).open();
    await expect(topic.confirm("not a checkpoint")).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
    expect(await topic.history()).toHaveLength(5);
  });
});
