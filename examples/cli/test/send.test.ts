import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Running, redroom } from "./processes.ts";
import { as, OTHER_TOPIC, TestServer, TOPIC } from "./server.ts";

interface JsonMessage {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly author: string;
  readonly at: string;
  readonly text: string;
  readonly re?: number;
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const run = (command: string, name: string, topic: string, ...more: string[]): Running =>
  redroom([command, server.address, "--user", name, "--topic", topic, "--json", ...more], as(name));

const send = (name: string, topic: string, input: string | Uint8Array): Running => {
  const sending = run("send", name, topic);
  sending.child.stdin?.end(input);
  return sending;
};

const SCRIPTS = [
  "Rückstellungen",
  "Обязательства",
  "負債引当金",
  "مخصصات",
  "परिसंपत्तियाँ",
  "👩‍💻🏳️‍🌈",
  "\u2028\u0085\u000b",
  "e\u0301\ufeff",
  "\r",
];

/** A text of exactly so many bytes, different for every number. */
function textOf(number: number, bytes: number): string {
  let text = `${number} ${SCRIPTS[number % SCRIPTS.length]} `.repeat(2);
  while (Buffer.byteLength(text) < bytes) text += text;
  const cut = new TextDecoder().decode(Buffer.from(text).subarray(0, bytes)).replace(/\ufffd+$/, "");
  return cut + "x".repeat(bytes - Buffer.byteLength(cut));
}

describe("a piped send", () => {
  it("stores 5,000 messages of 1 byte to 64 KiB, byte for byte and in order, while three others publish", async () => {
    const sizes = (number: number): number => (number % 100 === 0 ? 65_536 - (number % 7) : 1 + ((number * 37) % 600));
    const texts = Array.from({ length: 5_000 }, (_, number) => textOf(number, sizes(number)));
    texts[4_999] = "x".repeat(65_536);
    texts[1] = "x";
    await using tail = run("tail", "dora", TOPIC, "--from", "1", "--limit", "5600");
    const others = ["bernd", "carla", "dora"].map((name) => {
      return send(name, TOPIC, Array.from({ length: 200 }, (_, number) => `${name} ${number}\n`).join(""));
    });
    await using anna = send("anna", TOPIC, texts.join("\n"));

    expect(await Promise.all([anna, ...others].map(({ exit }) => exit))).toEqual([0, 0, 0, 0]);
    expect(await tail.exit, tail.stderr).toBe(0);

    const messages = tail.json<JsonMessage>();
    const seqs = messages.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
    expect(messages).toHaveLength(5_600);
    const own = messages.filter(({ author }) => author === "anna");
    expect(own.length).toBe(5_000);
    expect(own.findIndex(({ text }, index) => text !== texts[index])).toBe(-1);
    const acks = anna.json<{ seq: number; id: string; at: string; duplicate: boolean }>();
    expect(acks).toEqual(own.map(({ seq, id, at }) => ({ seq, id, at, duplicate: false })));
    // they really published meanwhile
    const firstOther = messages.findIndex(({ author }) => author !== "anna");
    const lastOwn = messages.findLastIndex(({ author }) => author === "anna");
    expect(firstOther).toBeLessThan(lastOwn);

    const history = run("history", "bernd", TOPIC, "--from", String(messages[4_990]?.seq));
    expect(await history.exit).toBe(0);
    expect(history.json()).toEqual(messages.slice(4_990));
  });

  it("skips empty lines and says which", async () => {
    const sending = send("anna", OTHER_TOPIC, "one\n\ntwo");
    expect(await sending.exit).toBe(0);
    expect(sending.json()).toHaveLength(2);
    expect(sending.stderr).toBe("redroom: line 2 is empty and was skipped\n");
  });

  it.each([
    ["is not UTF-8", Buffer.from("one\ntwo\nth\xffree\nfour\n", "latin1"), "line 3: not UTF-8; messages stored: 2"],
    ["is too long", `one\ntwo\n${"x".repeat(65_537)}\nfour\n`, "line 3: more than 65536 bytes, which is the limit"],
  ])("ends with 8 at a line that %s, with everything before it stored", async (_, input, sentence) => {
    const sending = send("anna", OTHER_TOPIC, input);
    expect(await sending.exit).toBe(8);
    expect(sending.json()).toHaveLength(2);
    expect(sending.stderr).toContain(sentence);
    expect(sending.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("reads no further than its window when the server does not answer", async () => {
    server.process.child.kill("SIGSTOP");
    const sending = run("send", "anna", OTHER_TOPIC);
    try {
      server.process.child.kill("SIGCONT");
      sending.child.stdin?.write("first\n");
      await sending.firstLine();
      server.process.child.kill("SIGSTOP");
      const line = Buffer.from(`${"y".repeat(60_000)}\n`);
      let taken = 0;
      const input = sending.child.stdin as NodeJS.WritableStream & { writableLength: number };
      for (let number = 0; number < 600; number += 1) input.write(line, () => (taken += line.byteLength));
      // By then it has missed a heartbeat, and would have read everything many times over.
      await once(sending.child.stderr as NodeJS.ReadableStream, "data");
      expect(sending.stderr).toContain("connection lost");
      expect(taken).toBeLessThan(12 * 1024 * 1024);
      server.process.child.kill("SIGCONT");
      sending.child.stdin?.end();
      expect(await sending.exit).toBe(0);
      expect(sending.json()).toHaveLength(601);
    } finally {
      server.process.child.kill("SIGCONT");
      await sending[Symbol.asyncDispose]();
    }
  });

  it("goes on over a restart of the server, and so does a tail", async () => {
    await using other = await TestServer.start({ users: ["anna"], topics: [TOPIC] });
    const there = [other.address, "--user", "anna", "--topic", TOPIC, "--json", "--lang", "en"];
    await using tail = redroom(["tail", ...there, "--from", "1", "--limit", "3"], as("anna"));
    await using sending = redroom(["send", ...there], as("anna"));
    sending.child.stdin?.write("before\n");
    await Promise.all([sending.firstLine(), tail.firstLine()]);
    other.process.child.kill("SIGTERM");
    await other.process.exit;
    sending.child.stdin?.end("meanwhile\nand more\n");
    await other.restart();
    expect(await sending.exit).toBe(0);
    expect(sending.stderr).toMatch(/^redroom: connection lost; .*\nredroom: connected again\n$/);
    expect(await tail.exit).toBe(0);
    expect(tail.json<JsonMessage>().map(({ text }) => text)).toEqual(["before", "meanwhile", "and more"]);
  });

  it("stores everything although nobody reads its acknowledgements any more", async () => {
    const sending = run("send", "anna", OTHER_TOPIC);
    sending.child.stdout?.destroy();
    sending.child.stdin?.end(Array.from({ length: 50 }, (_, number) => `unread ${number}\n`).join(""));
    expect(await sending.exit).toBe(0);
    const history = run("history", "anna", OTHER_TOPIC);
    expect(await history.exit).toBe(0);
    expect(history.json<JsonMessage>().filter(({ text }) => text.startsWith("unread "))).toHaveLength(50);
  });

  it("ends with 130 on Ctrl-C, and says how many are stored", async () => {
    await using sending = run("send", "anna", OTHER_TOPIC);
    sending.child.stdin?.write("one\ntwo\n");
    await sending.firstLine();
    sending.child.kill("SIGINT");
    expect(await sending.exit).toBe(130);
    expect(sending.stderr).toBe("redroom: interrupted; messages stored: 2\n");
  });
});

describe("reading", () => {
  it("prints a message with all it has", async () => {
    const question = run("send", "anna", OTHER_TOPIC, "--kind", "question", "Wie", "hoch?");
    expect(await question.exit).toBe(0);
    const [ack] = question.json<{ seq: number }>();
    const answer = run("send", "bernd", OTHER_TOPIC, "--kind", "answer", "--re", String(ack?.seq), "1 €");
    expect(await answer.exit).toBe(0);

    const history = run("history", "carla", OTHER_TOPIC, "--from", String(ack?.seq));
    expect(await history.exit).toBe(0);
    expect(history.json()).toEqual([
      { ...ack, duplicate: undefined, kind: "question", author: "anna", text: "Wie hoch?" },
      { ...answer.json<object>()[0], duplicate: undefined, kind: "answer", author: "bernd", text: "1 €", re: ack?.seq },
    ]);
  });

  it("lists the topics in the order of their creation", async () => {
    const topics = redroom(["topics", server.address, "--user", "anna", "--json"], as("anna"));
    expect(await topics.exit).toBe(0);
    expect(topics.json<{ title: string }>().map(({ title }) => title)).toEqual([OTHER_TOPIC, TOPIC]);
  });

  it("ends cleanly when its reader has seen enough", async () => {
    const history = run("history", "anna", TOPIC);
    await history.firstLine();
    history.child.stdout?.destroy();
    expect(await history.exit).toBe(0);
    expect(history.stderr).toBe("");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("ends a tail with 0 on %s", async (signal) => {
    await using tail = run("tail", "anna", TOPIC, "--from", "5600");
    await tail.firstLine();
    tail.child.kill(signal);
    expect(await tail.exit).toBe(0);
    expect(tail.stderr).toBe("");
  });
});
