import { RedRoomClient, type RedRoomError, randomId, type TopicMessage } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { say } from "../src/testing/store-entries.ts";
import { ManualClock } from "../src/testing.ts";
import { openWorld, PASSWORD, type WorldKind } from "./world.ts";

const codeOf = async (failing: PromiseLike<unknown>): Promise<string> => {
  try {
    await failing;
  } catch (error) {
    return (error as RedRoomError).code;
  }
  return "no error";
};

async function take(messages: AsyncIterable<TopicMessage>, count: number): Promise<TopicMessage[]> {
  const taken: TopicMessage[] = [];
  for await (const message of messages) if (taken.push(message) === count) break;
  return taken;
}

/** Resolves with the client's next `count` messages. */
function nextMessages(client: RedRoomClient, count: number): Promise<{ message: TopicMessage; live: boolean }[]> {
  return new Promise((resolve) => {
    const seen: { message: TopicMessage; live: boolean }[] = [];
    client.on("message", ({ message, live }) => {
      if (seen.push({ message, live }) === count) resolve(seen);
    });
  });
}

const closedOf = (client: RedRoomClient) =>
  new Promise<RedRoomError | undefined>((resolve) => {
    client.once("closed", resolve);
  });

const texts = (messages: readonly TopicMessage[]) => messages.map(({ text }) => text);

describe.each<WorldKind>(["memory", "real"])("a conversation (%s)", (kind) => {
  it("brings a message to the others, with its number, author, kind and text", async () => {
    await using world = await openWorld(kind);
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    await bernd.topic("Share Deal").open();
    const arriving = nextMessages(bernd, 1);
    const topic = await anna.topic("Share Deal").open();

    const stored = await topic.ask("Wie hoch sind die Rückstellungen? 🧾 مرحبا");

    expect(stored).toMatchObject({ seq: 1, duplicate: false });
    expect(await arriving).toEqual([
      {
        live: true,
        message: {
          seq: 1,
          id: stored.id,
          kind: "question",
          author: "anna",
          by: topic.self?.id,
          at: stored.at,
          text: "Wie hoch sind die Rückstellungen? 🧾 مرحبا",
        },
      },
    ]);
  });

  it("shows the history first, then what is live, in order", async () => {
    await using world = await openWorld(kind);
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    const topic = await anna.topic("Share Deal").open();
    await topic.send("one");
    await topic.send("two");
    const arriving = nextMessages(bernd, 3);
    await bernd.topic("Share Deal").open({ from: "start" });
    await topic.correct({ seq: 1 }, "three");

    const seen = await arriving;
    expect(seen.map(({ message, live }) => [message.seq, message.text, live])).toEqual([
      [1, "one", false],
      [2, "two", false],
      [3, "three", true],
    ]);
    expect(seen[2]?.message).toMatchObject({ kind: "correction", re: 1 });
  });

  it("joins history to live without gap or overlap while three others publish", async () => {
    await using world = await openWorld(kind, { users: ["anna", "bernd", "carla", "doris"] });
    const each = 120;
    const writers = await Promise.all(["anna", "bernd", "carla"].map((name) => world.connect(name)));
    const doris = await world.connect("doris");
    const readers: Promise<TopicMessage[]>[] = [];
    await Promise.all(
      writers.map(async (client) => {
        const topic = await client.topic("Share Deal").open({ from: "none" });
        const sending = Array.from({ length: each }, (_, index) => topic.send(`${client.user.name} ${index}`));
        for (const [index, stored] of sending.entries()) {
          await stored;
          // Readers join again and again in the middle of the writing.
          if (index % 40 === 7) readers.push(take(doris.topic("Share Deal").messages({ from: "start" }), 3 * each));
        }
      }),
    );

    for (const messages of await Promise.all(readers)) {
      const seqs = messages.map(({ seq }) => seq);
      expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
      for (const name of ["anna", "bernd", "carla"]) {
        const own = messages.filter(({ author }) => author === name);
        expect(texts(own)).toEqual(Array.from({ length: each }, (_, index) => `${name} ${index}`));
      }
    }
  });

  it("stores a message once however often it is sent under one id, and says so", async () => {
    await using world = await openWorld(kind);
    const topic = await (await world.connect("anna")).topic("Share Deal").open();
    const id = randomId();
    const first = await topic.send("only once", { id });
    await topic.send("something else");
    const again = await topic.send("only once", { id });
    expect(again).toEqual({ ...first, duplicate: true });
    expect(texts(await topic.history())).toEqual(["only once", "something else"]);
  });

  it("refuses another message under an id that is taken, instead of acknowledging what it does not store", async () => {
    await using world = await openWorld(kind);
    const topic = await (await world.connect("anna")).topic("Share Deal").open();
    const { id } = await topic.send("yes");
    expect(await codeOf(topic.send("no", { id }))).toBe("ID_REUSED");
    expect(await codeOf(topic.send("yes", { id, kind: "question" }))).toBe("ID_REUSED");
    expect(texts(await topic.history())).toEqual(["yes"]);
  });

  it("survives every wrong argument: the call fails, the session goes on", async () => {
    await using world = await openWorld(kind, { users: ["admin"] });
    const client = await world.connect("admin");
    const topic = await client.topic("Share Deal").open();
    const wrong: (() => PromiseLike<unknown>)[] = [
      () => topic.history({ from: 0 }),
      () => topic.history({ from: 2 ** 53 }),
      () => topic.history({ limit: 1.5 }),
      async () => topic.send("x", { kind: "bogus" as "note" }),
      async () => topic.send("x", { re: 0 }),
      async () => topic.send("x", { id: "mine" }),
      () => client.topic("x".repeat(5_000)).open(),
      () => client.topic("\ud800").open(),
      () => client.createTopic("x".repeat(5_000)),
    ];
    for (const call of wrong) expect(await codeOf(call())).toBe("OPTIONS_INVALID");
    expect(await codeOf(world.connect("x".repeat(5_000)))).toBe("OPTIONS_INVALID");
    expect(await topic.send("and goes on")).toMatchObject({ seq: 1 });
  });

  it("reads any part of the record, in pages of any size", async () => {
    await using world = await openWorld(kind, { limits: { maxPageEntries: 7 } });
    const topic = await (await world.connect("anna")).topic("Share Deal").open();
    await Promise.all(Array.from({ length: 40 }, (_, index) => topic.send(`message ${index + 1}`)));
    expect((await topic.history({ limit: 1_000 })).map(({ seq }) => seq)).toEqual([...Array(41).keys()].slice(1));
    expect((await topic.history({ from: 12, limit: 9 })).map(({ seq }) => seq)).toEqual([
      12, 13, 14, 15, 16, 17, 18, 19, 20,
    ]);
    expect(await topic.history({ from: 41 })).toEqual([]);
    expect(await topic.history({ from: 1_000_000 })).toEqual([]);
  });

  it("reads a history of long texts page by page, each as soon as the one before is taken", async () => {
    await using world = await openWorld(kind);
    const topic = await (await world.connect("anna")).topic("Share Deal").open({ from: "none" });
    await Promise.all(Array.from({ length: 80 }, (_, index) => topic.send(`${index} ${"x".repeat(60_000)}`)));
    expect(await topic.history({ limit: 80 })).toHaveLength(80);
  });

  it("carries texts up to the limit, whatever they are made of, and refuses longer ones before they are sent", async () => {
    await using world = await openWorld(kind);
    const client = await world.connect("anna");
    const topic = await client.topic("Share Deal").open();
    const odd = ["\u0000".repeat(65_536), "ä".repeat(32_768), "a", "\u2028\u2029\r\n", "👩‍👩‍👧‍👦", "شركة", "\uFEFFx"];
    for (const text of odd) await topic.send(text);
    expect(texts(await topic.history())).toEqual(odd);
    expect(() => topic.send("x".repeat(65_537))).toThrow(/65537 bytes, the limit is 65536/);
    expect(() => topic.send("")).toThrow(/empty/);
    expect(() => topic.send("\ud800")).toThrow(/not Unicode/);
  });

  it("refuses unknown topics, references to messages that do not exist, and topics made by others than administrators", async () => {
    await using world = await openWorld(kind, { users: ["anna", "admin"] });
    const anna = await world.connect("anna");
    expect(await codeOf(anna.topic("Nowhere").open())).toBe("TOPIC_UNKNOWN");
    expect(await codeOf(anna.topic("Nowhere").history())).toBe("TOPIC_UNKNOWN");
    expect(await codeOf(take(anna.topic("Nowhere").messages(), 1))).toBe("TOPIC_UNKNOWN");
    const topic = await anna.topic("Share Deal").open();
    expect(await codeOf(topic.answer({ seq: 1 }, "to nobody"))).toBe("REFERENCE_INVALID");
    expect(await topic.send("still works")).toMatchObject({ seq: 1 });
    expect(await codeOf(anna.createTopic("Mine"))).toBe("NOT_ALLOWED");
    const admin = await world.connect("admin");
    expect(await admin.createTopic("Gesellschafterhaftung")).toMatchObject({ title: "Gesellschafterhaftung", head: 0 });
    expect(await codeOf(admin.createTopic("Gesellschafterhaftung"))).toBe("TOPIC_EXISTS");
    expect(await codeOf(admin.createTopic(" "))).toBe("TITLE_INVALID");
    expect((await anna.topics()).map(({ title, head }) => [title, head])).toEqual([
      ["Share Deal", 1],
      ["Gesellschafterhaftung", 0],
    ]);
  });

  it("lists more topics than fit one answer", async () => {
    const titles = Array.from({ length: 200 }, (_, index) => `Topic ${index} ${"ß".repeat(200)}`);
    await using world = await openWorld(kind, { topics: titles });
    const listed = await (await world.connect("anna")).topics();
    expect(listed.map(({ title }) => title)).toEqual(titles);
  });

  it("finds a title however its letters are encoded", async () => {
    await using world = await openWorld(kind, { topics: ["Vermögensübertragung"] });
    const topic = await (await world.connect("anna")).topic("Vermögensübertragung".normalize("NFD")).open();
    expect(await topic.send("found")).toMatchObject({ seq: 1 });
  });

  it("answers a wrong password and an unknown name alike", async () => {
    await using world = await openWorld(kind);
    const { address, transport } = world;
    const attempt = (name: string, password: string) =>
      RedRoomClient.connect(address, { auth: { name, password }, transport }).then(String, String);
    const wrong = await attempt("anna", "wrong password");
    expect(wrong).toMatch(/unable to log in; the name or the password is wrong/);
    expect(await attempt("nobody", PASSWORD)).toBe(wrong);
    expect(await codeOf(world.connect("ANNA"))).toBe("no error");
  });

  it("lets an application decide who may log in", async () => {
    await using world = await openWorld(kind, {
      authenticate: async ({ name }) => ({ id: `crm-${name}`, name: `${name} from the CRM`, admin: false }),
    });
    const topic = await (await world.connect("zoe")).topic("Share Deal").open();
    await topic.send("hello");
    expect(await topic.history()).toMatchObject([{ author: "zoe from the CRM", text: "hello" }]);
  });

  it("waits for the answers to what was sent before it closes, and ends every promise", async () => {
    await using world = await openWorld(kind);
    const client = await world.connect("anna");
    const topic = await client.topic("Share Deal").open();
    const following = take(topic.messages({ from: "start" }), 1_000);
    const closed = closedOf(client);
    const sending = Array.from({ length: 100 }, (_, index) => topic.send(`last words ${index}`));
    await client.close();
    expect((await Promise.all(sending)).at(-1)).toMatchObject({ seq: 100 });
    expect(await closed).toBeUndefined();
    expect((await following).length).toBeLessThanOrEqual(100);
    expect(() => topic.send("too late")).toThrow(/the client is closed/);
    await client.close();
  });

  it("waits for them also where a topic was closed before it was opened, and again", async () => {
    await using world = await openWorld(kind);
    const client = await world.connect("anna");
    const topic = client.topic("Share Deal");
    await topic.close();
    await topic.open({ from: "none" });
    await topic.close();
    await topic.open({ from: "none" });
    const sending = topic.send("last words");
    await client.close();
    expect(await sending).toMatchObject({ seq: 1 });
  });

  it("takes no message while a topic is being closed, and opens it anew behind that", async () => {
    await using world = await openWorld(kind);
    const topic = await (await world.connect("anna")).topic("Share Deal").open({ from: "none" });
    const closing = topic.close();
    expect(() => topic.send("too late")).toThrow(/open the topic first/);
    expect(topic.unstored).toBe(0);
    await topic.open({ from: "none" });
    await closing;
    expect(await topic.send("in time")).toMatchObject({ seq: 1 });
  });

  it("tells of a message that nobody awaits by its state, and the process goes on", async () => {
    await using world = await openWorld(kind);
    const client = await world.connect("anna");
    const topic = await client.topic("Share Deal").open({ from: "none" });
    const failed = new Promise<string>((resolve) => {
      client.on("outgoing", ({ sending: { state, text } }) => state === "failed" && resolve(text));
    });
    topic.send("an answer to nothing", { re: 99 });
    expect(await failed).toBe("an answer to nothing");
    await new Promise((resolve) => setTimeout(resolve)); // a rejection that nobody handles would fail this test run
  });

  it("answers what it took before the server closes, and tells the clients why", async () => {
    await using world = await openWorld(kind);
    const client = await world.connect("anna");
    const topic = await client.topic("Share Deal").open({ from: "none" });
    await topic.send("first");
    const told = new Promise((resolve) => {
      client.on("state", ({ code, state }) => state !== "resuming" && resolve([state, code]));
    });
    const sending = Array.from({ length: 50 }, (_, index) => topic.send(`in flight ${index}`));
    const outcomes = sending.map(codeOf);
    await world.server.close();
    expect(await told).toEqual(["offline", "SHUTTING_DOWN"]);
    const waiting = sending.filter(({ state }) => state === "queued").length;
    expect(await client.close()).toEqual({ unsent: waiting });
    const stored = (await Promise.all(outcomes)).filter((outcome) => outcome === "no error").length;
    expect(stored).toBe(50 - waiting);
  });

  it("lets a slow loop read at its own pace without slowing the others", async () => {
    await using world = await openWorld(kind);
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    const topic = await anna.topic("Share Deal").open({ from: "none" });
    const count = 400;
    const slow = bernd.topic("Share Deal").messages({ from: "start" });
    const fast = take(bernd.topic("Share Deal").messages({ from: "start" }), count);
    const text = "x".repeat(8_000);
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(Array.from({ length: count / 4 }, () => topic.send(text)));
    }
    expect(await fast).toHaveLength(count);
    const seqs = (await take(slow, count)).map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
  });

  it("ends a loop by its signal, and another by break, and goes on serving the rest", async () => {
    await using world = await openWorld(kind);
    const client = await world.connect("anna");
    const topic = await client.topic("Share Deal").open();
    const stop = new AbortController();
    const loop = take(topic.messages({ signal: stop.signal }), 1);
    stop.abort();
    expect(await loop).toEqual([]);
    await topic.send("one");
    expect(texts(await take(topic.messages({ from: 1 }), 1))).toEqual(["one"]);
    expect(await topic.send("two")).toMatchObject({ seq: 2 });
  });

  it("refuses more than the outbox holds instead of growing", async () => {
    await using world = await openWorld(kind);
    const topic = await (await world.connect("anna")).topic("Share Deal").open({ from: "none" });
    const sending = Array.from({ length: 1_024 }, () => topic.send("x"));
    expect(() => topic.send("one too many")).toThrow(/1024 messages/);
    await Promise.all(sending);
    expect(await topic.send("room again")).toMatchObject({ seq: 1_025 });
  });
});

describe("a topic that another process has written to", () => {
  it("opens behind entries that this server has not taken notice of yet", async () => {
    await using world = await openWorld("memory", { clock: new ManualClock() });
    const client = await world.connect("anna");
    await client.topic("Share Deal").open();
    const [topic] = await client.topics();
    for (const text of ["one", "two"]) await say(world.store, topic?.id ?? "", text);

    expect(texts(await take(client.topic("Share Deal").messages({ from: 2 }), 1))).toEqual(["two"]);
  });
});

describe("a topic that is left and entered at the same moment", () => {
  it("shows what was stored while it was being opened", async () => {
    let meanwhile: (() => Promise<unknown>) | undefined;
    await using world = await openWorld("memory", {
      wrapStore: (store) =>
        new Proxy(store, {
          get(target, name) {
            const member: unknown = Reflect.get(target, name, target);
            if (typeof member !== "function") return member;
            if (name !== "people") return member.bind(target);
            return async (topicId: string) => {
              const call = meanwhile;
              meanwhile = undefined;
              // As much as can happen meanwhile: all of it, unless it has to wait for this very opening.
              const turns = async () => {
                for (let count = 0; count < 200; count += 1) await turn();
              };
              await Promise.race([call?.(), turns()]);
              return target.people(topicId);
            };
          },
        }),
    });
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    meanwhile = async () => {
      const topic = await anna.topic("Share Deal").open({ from: "none" });
      await topic.send("in between");
      await topic.close();
    };
    expect(texts(await take(bernd.topic("Share Deal").messages({ from: "start" }), 1))).toEqual(["in between"]);
  });
});

describe("time", () => {
  it("sends away a connection that does not log in, and drops a silent session", async () => {
    const clock = new ManualClock();
    await using world = await openWorld("memory", { clock });
    const [mute] = await Promise.all([world.transport.connect({ host: "127.0.0.1", port: portOf(world.address) })]);
    const stream = mute.openStream();
    stream.handler = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
    stream.write(new Uint8Array([0]));
    await turn();
    clock.advance(5_000);
    await turn();
    clock.advance(1_000);
    expect(await mute.closed).toMatchObject({ by: "peer", code: 3 });

    const anna = await world.connect("anna", { clock: new ManualClock() });
    const told = new Promise((resolve) => anna.once("state", ({ code }) => resolve(code)));
    clock.advance(30_000);
    expect(await told).toBe("TIMEOUT");
  });

  it("leaves no timer behind", async () => {
    const clock = new ManualClock();
    {
      await using world = await openWorld("memory", { clock });
      const anna = await world.connect("anna", { clock });
      await (await anna.topic("Share Deal").open()).send("hello");
      await anna.close();
      await world.server.close();
    }
    expect(clock.pending).toBe(0);
  });
});

const portOf = (address: string) => Number(new URL(address).port);
/** Lets everything that is due in this turn of the event loop happen. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
