import type { RedRoomError } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url, utf8 } from "../../src/base/bytes.ts";
import { encodeContent, encodeLeaf, type LeafFields } from "../../src/evidence/leaf.ts";
import { packEntry, unpackEntry } from "../../src/protocol/entry-body.ts";
import type { Message, MessageOf } from "../../src/protocol/messages.ts";
import { committed } from "../../src/server/log-entries.ts";
import type { Lie } from "../lying-transport.ts";
import { openDealRoom, PARTY } from "./deal-room.ts";

const instead =
  <T extends Message["type"]>(type: T, change: (message: MessageOf<T>) => Message | readonly Message[]): Lie =>
  (message) =>
    message.type === type ? [change(message as MessageOf<T>)].flat() : [message];

const asEntry = (message: MessageOf<"revealed">): MessageOf<"entry"> => ({ ...message, type: "entry" });
const leafOf = (line: string): LeafFields => {
  const { v: _, ...fields } = JSON.parse(line) as LeafFields & { v: number };
  return fields;
};

/** The answer with another text, well formed and rightly committed to: another leaf. */
function forged(message: MessageOf<"revealed">, change: Partial<LeafFields> = {}): MessageOf<"revealed"> {
  const { author, leaf } = unpackEntry(asEntry(message));
  const { commitment: _, ...fields } = leafOf(leaf);
  return { ...packEntry({ author, ...committed("Two billion.")({ ...fields, ...change }) }), type: "revealed" };
}

/** The same leaf with another text. */
function retold(message: MessageOf<"revealed">): MessageOf<"revealed"> {
  const entry = unpackEntry(asEntry(message));
  return { ...packEntry({ ...entry, content: encodeContent("Two billion.") }), type: "revealed" };
}

function withLeaf({ author, body }: MessageOf<"sealed">, change: Partial<LeafFields>): MessageOf<"sealed"> {
  const leaf = encodeLeaf({ ...leafOf(new TextDecoder().decode(body)), ...change });
  return { type: "sealed", author, body: utf8(leaf) };
}

const bent = (hash: string): string => {
  const bytes = Uint8Array.from(fromBase64Url(hash) ?? []);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return toBase64Url(bytes);
};

/** What Anna is told, in the place of the truth, of the answer that Bernd has given to her. */
const LIES: Readonly<Record<string, { readonly lie: Lie; readonly code: string }>> = {
  "a revealed answer with another text": { lie: instead("revealed", retold), code: "PROTOCOL_ERROR" },
  "a revealed answer with another text and a leaf that fits it": {
    lie: instead("revealed", (message) => forged(message)),
    code: "PROTOCOL_ERROR",
  },
  "a revealed answer twice": {
    lie: instead("revealed", (message) => [message, message]),
    code: "PROTOCOL_ERROR",
  },
  "another entry than the one that the reveal names": {
    lie: instead("revealed", (message) => forged(message, { seq: 3 })),
    code: "PROTOCOL_ERROR",
  },
  "a revealed entry that is no answer": {
    lie: instead("revealed", (message) => forged(message, { kind: "note" })),
    code: "PROTOCOL_ERROR",
  },
  "a sealed answer with another leaf": {
    lie: instead("sealed", (message) => withLeaf(message, { commitment: bent(toBase64Url(new Uint8Array(32))) })),
    code: "LOG_FORK",
  },
  "a sealed answer in another place": {
    lie: instead("sealed", (message) => withLeaf(message, { seq: 6 })),
    code: "PROTOCOL_ERROR",
  },
  "a sealed answer to somebody else": {
    lie: instead("sealed", (message) => withLeaf(message, { to: [toBase64Url(new Uint8Array(16))] })),
    code: "PROTOCOL_ERROR",
  },
  "a sealed note": { lie: instead("sealed", (message) => withLeaf(message, { kind: "note" })), code: "PROTOCOL_ERROR" },
  "a sealed leaf that is none": {
    lie: instead("sealed", (message) => ({ ...message, body: utf8("{}") })),
    code: "PROTOCOL_ERROR",
  },
};

/** Only those who had it sealed before can find these out by what they have; whoever comes later asks for a proof. */
const LATE: Readonly<Record<string, { readonly lie: Lie; readonly code: string }>> = {
  "another text and a leaf that fits it": {
    lie: instead("revealed", (message) => forged(message)),
    code: "PROTOCOL_ERROR",
  },
  "a proof of something else": {
    lie: instead("entryProof", ({ proof }) => ({ type: "entryProof", proof: proof.replace("index 4", "index 3") })),
    code: "PROTOCOL_ERROR",
  },
  "no proof": { lie: instead("entryProof", () => ({ type: "entryProof", proof: "trust me" })), code: "PROTOCOL_ERROR" },
};

/** Anna asks, Bernd asks back and answers, then Anna answers; what is told of it is a lie to her who reads from there. */
async function exchange(lie: Lie, from: "start" | "now") {
  const room = await openDealRoom({ anna: PARTY, bernd: PARTY }, { regulated: true });
  const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
  const hers = await anna.topic.ask("How high are the provisions?");
  const his = await bernd.topic.ask("Who finances the deal?");
  if (from === "now") await bernd.topic.answer(hers, "Two million.");
  const reader = from === "now" ? await room.join("anna", { from }) : anna;
  const ended = new Promise<RedRoomError | undefined>((resolve) => reader.client.on("closed", resolve));
  room.liar.lie = lie;
  if (from === "start") await bernd.topic.answer(hers, "Two million.");
  await room.pass(1_000);
  // Where the lie was about what is sealed, she has left.
  if (anna.client.state === "online") await room.settled(Promise.allSettled([anna.topic.answer(his, "A bank.")]));
  return { room, anna: reader, ended };
}

describe("a server that shows", () => {
  it.each(Object.entries(LIES))("%s ends the session, and its text is not handed over", async (_, { lie, code }) => {
    const { room, anna, ended } = await exchange(lie, "start");
    await using _room = room;
    expect(await room.settled(ended)).toMatchObject({ code });
    expect(anna.texts()).not.toContain("Two billion.");
    expect(anna.texts().filter((text) => text === "Two million.").length).toBeLessThanOrEqual(1);
  });

  it.each(Object.entries(LATE))("%s to whoever began behind the answer ends the session", async (_, { lie, code }) => {
    const { room, anna, ended } = await exchange(lie, "now");
    await using _room = room;
    expect(await room.settled(ended)).toMatchObject({ code });
    expect(anna.texts()).not.toContain("Two billion.");
    expect(anna.texts()).not.toContain("Two million.");
  });

  it("a revealed answer without a reveal ends the session", async () => {
    let answer: MessageOf<"revealed"> | undefined;
    const lie: Lie = (message) => {
      if (message.type === "revealed") answer ??= message;
      if (answer === undefined) return [message];
      return message.type === "revealed" ? [] : [message, answer];
    };
    const { room, ended } = await exchange(lie, "start");
    await using _room = room;
    expect(await room.settled(ended)).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  it("nothing behind a reveal is told as what it is: a text that nobody has", async () => {
    const { room, anna } = await exchange(
      instead("revealed", () => []),
      "start",
    );
    await using _room = room;
    await room.until(() => anna.withheld.includes(5));
    expect([anna.client.state, anna.texts().includes("Two million.")]).toEqual(["online", false]);
  });
});
