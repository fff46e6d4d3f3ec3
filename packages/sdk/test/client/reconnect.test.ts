import { type RedRoomError, randomId, type TopicMessage } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import type { Message } from "../../src/protocol/messages.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import type { Lie } from "../lying-transport.ts";
import { openRoom, type Room, TITLE, turns } from "./room.ts";

type Client = Awaited<ReturnType<Room["connect"]>>;

const dropping =
  (...types: string[]): Lie =>
  (message) =>
    types.includes(message.type) ? [] : [message];

/** The texts that a client is told of, in order. */
function textsOf(client: Client): string[] {
  const texts: string[] = [];
  client.on("message", ({ message }) => texts.push(message.text));
  return texts;
}

const codeOf = (work: PromiseLike<unknown>): PromiseLike<string> =>
  work.then(
    () => "no error",
    (error: RedRoomError) => error.code,
  );

describe("a connection that is lost", () => {
  it("is made again without a word from the application, and every change of state is an event", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    await topic.send("before");
    room.network.cut();
    await room.until(() => anna.state === "online" && anna.states.length > 0);
    expect(anna.states).toMatchObject([
      { previous: "online", state: "resuming", code: "CONNECTION_LOST" },
      { previous: "resuming", state: "online" },
    ]);
    expect(await topic.send("after")).toMatchObject({ duplicate: false });
  });

  it("is tried again for ever, and made as soon as the server can be reached", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    room.network.refuse();
    room.network.cut();
    await room.until(() => room.network.dials > 60, 3_600_000);
    expect(anna.state).toBe("offline");
    const waits = anna.states.flatMap(({ retryInMs }) => retryInMs ?? []);
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(Math.max(...waits)).toBe(7_500);
    room.network.heal();
    await room.until(() => anna.state === "online", 15_100);
  });

  it("is tried at once by connectNow", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna", { reconnect: { minDelayMs: 1_000_000, maxDelayMs: 1_000_000 } });
    room.network.refuse();
    room.network.cut();
    await turns(10);
    expect(anna.states.at(-1)).toMatchObject({ state: "offline", code: "UNREACHABLE", retryInMs: 500_000 });
    room.network.heal();
    anna.connectNow();
    await turns(30);
    expect(anna.state).toBe("online");
  });

  it("is noticed within two heartbeats when nothing arrives any more, at the interval the application wants", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna", { heartbeatMs: 500 });
    await room.pass(2_000);
    expect(anna.states).toEqual([]);
    room.network.partition();
    await room.until(() => anna.state !== "online", 1_000);
    expect(anna.states[0]).toMatchObject({ state: "resuming", code: "CONNECTION_LOST" });
    room.network.heal();
    await room.until(() => anna.state === "online", 12_000);
  });

  it.each([-3_600_000, 3_600_000])(
    "is noticed as soon when somebody corrects the date by %d ms, which loses none",
    async (ms) => {
      await using room = await openRoom();
      const anna = await room.connect("anna", { heartbeatMs: 500 });
      await room.pass(700);
      room.clock.correctDate(ms);
      await room.pass(2_000);
      expect(anna.states).toEqual([]);
      room.network.partition();
      await room.until(() => anna.state !== "online", 1_000);
      room.network.heal();
      await room.until(() => anna.state === "online", 12_000);
    },
  );

  it("ends the client where it must not be made again", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna", { reconnect: false });
    const ending = new Promise((resolve) => anna.once("closed", (cause, { unsent }) => resolve([cause?.code, unsent])));
    room.network.cut();
    expect(await ending).toEqual(["CONNECTION_LOST", 0]);
    expect(anna.state).toBe("failed");
  });

  it("leaves no timer behind, in whatever state the client closes", async () => {
    await using room = await openRoom();
    for (const state of ["online", "resuming", "offline"] as const) {
      const clock = new ManualClock();
      const anna = await room.connect("anna", { clock });
      const topic = await anna.topic(TITLE).open({ from: "start" });
      topic.send("on its way").then(undefined, () => {});
      const reading = topic.messages({ from: "start" });
      await turns(10);
      if (state === "resuming") room.network.partition();
      if (state === "offline") room.network.refuse();
      if (state !== "online") room.network.cut();
      await turns(10);
      expect(anna.state).toBe(state);
      expect(clock.pending).toBeGreaterThan(0);
      await anna.close({ drainMs: 0 });
      expect(clock.pending, state).toBe(0);
      await reading.return?.();
      room.network.heal();
    }
  });
});

describe("a session", () => {
  it("goes on with its token, without asking for credentials again", async () => {
    await using room = await openRoom();
    let asked = 0;
    const auth = () => {
      asked += 1;
      return { name: "anna", password: "any password" };
    };
    const anna = await room.connect("anna", { auth });
    for (let round = 0; round < 5; round += 1) {
      room.network.cut();
      await room.until(() => anna.state === "online" && anna.states.length > 2 * round);
      await room.pass(11_000);
    }
    expect(asked).toBe(1);
  });

  it("logs in anew, with credentials as they are by then, when the server has forgotten it", async () => {
    let valid = "first";
    await using room = await openRoom({
      authenticate: async ({ name, password }) => {
        if (password === valid) return { id: name, name, admin: false };
        throw Object.assign(new Error("wrong"), {});
      },
    });
    const anna = await room.connect("anna", { auth: () => ({ name: "anna", password: valid }) });
    const topic = await anna.topic(TITLE).open();
    await topic.send("before");
    await room.stop();
    valid = "second";
    await room.start();
    await room.until(() => anna.state === "online");
    expect(await topic.send("after")).toMatchObject({ duplicate: false });
  });

  it("is not wedged by credentials that never come", async () => {
    await using room = await openRoom();
    const signals: AbortSignal[] = [];
    const auth = ({ signal }: { readonly signal: AbortSignal }) => {
      signals.push(signal);
      return signals.length === 2 ? new Promise<never>(() => {}) : { name: "anna", password: "any password" };
    };
    const anna = await room.connect("anna", { auth, timeoutMs: 3_000 });
    await room.stop();
    await room.start();
    await room.until(() => anna.state === "online" && anna.states.length > 0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, false]);
  });

  it("asks again when the function returns what is no name and password", async () => {
    await using room = await openRoom();
    let calls = 0;
    const auth = () => {
      calls += 1;
      return { name: "anna", password: calls === 2 ? (undefined as unknown as string) : "any password" };
    };
    const anna = await room.connect("anna", { auth });
    await room.stop();
    await room.start();
    await room.until(() => anna.state === "online" && anna.states.length > 0);
    expect(anna.states.map(({ code }) => code)).toContain("CREDENTIALS_UNAVAILABLE");
  });

  it("tries again when credentials cannot be had now, one call at a time", async () => {
    await using room = await openRoom();
    let calls = 0;
    let running = 0;
    const auth = async () => {
      calls += 1;
      running += 1;
      expect(running).toBe(1);
      await turns(3);
      running -= 1;
      if (calls > 1 && calls < 5) throw new Error("HTTP 503");
      return { name: "anna", password: "any password" };
    };
    const anna = await room.connect("anna", { auth });
    await room.stop();
    await room.start();
    await room.until(() => anna.state === "online" && anna.states.length > 0);
    expect(calls).toBe(5);
    expect(anna.states.map(({ code }) => code)).toContain("CREDENTIALS_UNAVAILABLE");
  });

  it("is over for good when the server refuses the credentials", async () => {
    let open = true;
    await using room = await openRoom({
      authenticate: async ({ name }) => {
        if (open) return { id: name, name, admin: false };
        const { RedRoomError: Failure } = await import("@redroom/sdk");
        throw new Failure("LOGIN_FAILED", "unable to log in; no");
      },
    });
    const refusals: (string | undefined)[] = [];
    const anna = await room.connect("anna");
    const bernd = await room.connect("bernd", {
      auth: ({ refused }) => {
        refusals.push(refused?.code);
        return { name: "bernd", password: "any password" };
      },
    });
    open = false;
    await room.stop();
    await room.start();
    await room.until(() => anna.state === "failed" && bernd.state === "failed");
    expect(anna.states.at(-1)).toMatchObject({ state: "failed", code: "LOGIN_FAILED" });
    // A function is asked once more, and told why.
    expect(refusals).toEqual([undefined, undefined, "LOGIN_FAILED"]);
  });
});

describe("what was sent", () => {
  it("is stored once when the ack is lost, and the answer says so", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    room.liar.lie = dropping("ack");
    const sending = topic.ask("Wie hoch sind die Rückstellungen?");
    await turns(10);
    expect(sending.state).toBe("sent");
    room.liar.lie = dropping();
    const states: string[] = [];
    anna.on("outgoing", ({ sending: { state } }) => states.push(state));
    room.network.cut();
    expect(await room.settled(sending)).toMatchObject({ seq: 1, duplicate: true });
    expect(states).toEqual(["queued", "sent", "stored"]);
    expect(await topic.history()).toHaveLength(1);
  });

  it("is stored once also a week later", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    room.liar.lie = dropping("ack");
    const sending = topic.send("only once");
    await turns(10);
    room.liar.lie = dropping();
    room.network.refuse();
    room.network.cut();
    await room.pass(7 * 86_400_000, 3_600_000);
    room.network.heal();
    expect(await room.settled(sending)).toMatchObject({ seq: 1, duplicate: true });
  });

  it("while there was no connection goes out at once when there is one, in call order, before anything newer", async () => {
    await using room = await openRoom();
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const topic = await anna.topic(TITLE).open({ from: "none" });
    await bernd.topic(TITLE).open({ from: "start" });
    const texts = textsOf(bernd);
    await topic.send("0");
    room.network.refuse();
    room.network.cut();
    await turns(10);
    const sending = ["1", "2", "3"].map((text) => topic.send(text));
    expect(sending.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);
    room.network.heal();
    await room.until(() => anna.state === "online");
    sending.push(topic.send("4"));
    await room.settled(Promise.all(sending));
    await room.until(() => texts.length === 5);
    expect(texts).toEqual(["0", "1", "2", "3", "4"]);
  });

  it("never waits without a bound, in number or in bytes", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna", { outbox: { maxMessages: 3, maxBytes: 20 } });
    const topic = await anna.topic(TITLE).open({ from: "none" });
    room.network.refuse();
    room.network.cut();
    await turns(10);
    const sending = ["eins", "zwei", "drei"].map((text) => topic.send(text));
    expect(() => topic.send("vier")).toThrow(/3 messages of 12 bytes wait to be stored, the limits are 3 and 20/);
    room.network.heal();
    await room.settled(Promise.all(sending));
    topic.send("x".repeat(20)).then(undefined, () => {});
    expect(() => topic.send("x")).toThrow(/OUTBOX|limits are 3 and 20/);
  });

  it("fails when the client closes first, at once where nobody could answer, and closing says how many", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    room.network.refuse();
    room.network.cut();
    await turns(10);
    const sending = [topic.send("one"), topic.send("two")].map(codeOf);
    const three = topic.send("three");
    const delivered = codeOf(three.delivered());
    sending.push(codeOf(three));
    const third = codeOf(topic.history());
    const reading = topic.messages({ from: "start" }).next();
    const opening = codeOf(anna.topic("Another").open());
    const closed = new Promise((resolve) => anna.once("closed", (cause, end) => resolve([cause, end])));
    const before = room.clock.now();
    expect(await anna.close()).toEqual({ unsent: 3 });
    expect(room.clock.now()).toBe(before);
    expect(await closed).toEqual([undefined, { unsent: 3 }]);
    expect(await Promise.all(sending)).toEqual(Array(3).fill("CONNECTION_CLOSED"));
    expect(await delivered).toBe("CONNECTION_CLOSED");
    expect(await third).toBe("CONNECTION_LOST");
    expect(await reading).toEqual({ done: true, value: undefined });
    expect(await opening).toBe("CONNECTION_CLOSED");
  });
});

describe("a topic", () => {
  it("that was opened before anything was in it goes on as well as any other", async () => {
    await using room = await openRoom();
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const topic = await anna.topic(TITLE).open();
    await bernd.topic(TITLE).open({ from: "now" });
    const texts = textsOf(bernd);
    room.network.cut();
    const sending = topic.send("while it was away");
    await room.settled(sending);
    await room.until(() => texts.length > 0);
    expect(texts).toEqual(["while it was away"]);
  });

  it("whose opening was cut off is opened again as it was meant", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const bernd = await room.connect("bernd");
    const topic = await anna.topic(TITLE).open();
    await topic.send("before");
    room.liar.lie = dropping("topicOpened", "member", "presence");
    const opening = bernd.topic(TITLE).open({ from: "now" });
    await turns(10);
    room.liar.lie = dropping();
    const texts = textsOf(bernd);
    room.network.cut();
    await room.settled(opening);
    await room.settled(topic.send("after"));
    await room.until(() => texts.length > 0);
    expect(texts).toEqual(["after"]);
  });

  it("that is closed while it is being opened brings nothing, and each message once when it is opened again", async () => {
    await using room = await openRoom();
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const topic = await anna.topic(TITLE).open();
    await topic.send("before");
    const texts = textsOf(bernd);
    const opening = bernd.topic(TITLE).open({ from: "start" });
    opening.catch(() => {});
    await bernd.topic(TITLE).close();
    await expect(opening).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await turns(20);
    expect(texts).toEqual([]);
    await bernd.topic(TITLE).open({ from: "start" });
    await topic.send("after");
    await turns(20);
    expect(texts).toEqual(["before", "after"]);
  });

  it("that is open is not opened from another place, and may be asked for as often as one likes", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open({ from: "start" });
    expect(await Promise.all([topic.open(), topic.open({ from: "start" })])).toEqual([topic, topic]);
    await expect(topic.open({ from: 1 })).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    await topic.close();
    expect(await topic.open({ from: 1 })).toBe(topic);
  });

  it("is opened on the next connection also when the server ended the last because it had not heard us", async () => {
    await using room = await openRoom();
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd", { heartbeatMs: 500 })];
    const topic = await anna.topic(TITLE).open();
    await topic.send("before");
    const goodbye: Message = { type: "goodbye", code: "TIMEOUT", message: "silent", retryable: true };
    room.liar.lie = (message) => {
      if (message.type === "pong") return [goodbye];
      return dropping("topicOpened", "member", "presence", "entry", "checkpoint")(message, 0);
    };
    const opening = bernd.topic(TITLE).open({ from: "start" });
    const texts = textsOf(bernd);
    await room.until(() => bernd.state !== "online");
    room.liar.lie = dropping();
    await room.settled(opening);
    await room.until(() => texts.length > 0);
    expect(texts).toEqual(["before"]);
  });

  it("waits for a connection when it is opened without one", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    room.network.refuse();
    room.network.cut();
    await turns(10);
    const opening = anna.topic(TITLE).open();
    room.network.heal();
    const topic = await room.settled(opening);
    expect(await topic.send("there")).toMatchObject({ seq: 1 });
  });

  it("shows each message once, in order and as new, however often the connection is lost in between", async () => {
    await using room = await openRoom();
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const topic = await anna.topic(TITLE).open({ from: "none" });
    await topic.send("history");
    const byEvent: [string, boolean][] = [];
    bernd.on("message", ({ message, live }) => byEvent.push([message.text, live]));
    await bernd.topic(TITLE).open({ from: "start" });
    const byLoop: TopicMessage[] = [];
    const loop = (async () => {
      for await (const message of bernd.topic(TITLE).messages({ from: "start" })) {
        if (byLoop.push(message) === 101) return;
      }
    })();
    const sending = [];
    for (let count = 0; count < 100; count += 1) {
      sending.push(topic.send(`message ${count}`));
      if (count % 7 === 3) room.network.cut();
      await room.pass(count % 3 === 0 ? 100 : 20);
    }
    await room.settled(Promise.all([loop, ...sending]));
    await room.until(() => byEvent.length === 101);
    const texts = ["history", ...Array.from({ length: 100 }, (_, count) => `message ${count}`)];
    expect(byLoop.map(({ text }) => text)).toEqual(texts);
    expect(byEvent).toEqual(texts.map((text, index) => [text, index > 0]));
  });

  it("goes on for a loop that was not reading when the connection was lost", async () => {
    await using room = await openRoom();
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const topic = await anna.topic(TITLE).open({ from: "none" });
    for (let count = 0; count < 600; count += 1) await topic.send(String(count));
    const slow = bernd.topic(TITLE).messages({ from: "start" });
    expect((await slow.next()).value).toMatchObject({ text: "0" });
    await turns(20);
    room.network.cut();
    await room.until(() => bernd.state === "online" && bernd.states.length > 0);
    for (let count = 1; count < 600; count += 1) {
      expect((await room.settled(slow.next())).value).toMatchObject({ text: String(count) });
    }
  });

  it("that is no more ends alone, and says so", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    const failures: string[] = [];
    anna.on("topicFailed", ({ error }) => failures.push(error.code));
    room.liar.lie = (message) =>
      message.type === "topicOpened" ? [{ type: "error", code: "TOPIC_UNKNOWN", message: "gone" }] : [message];
    const waiting = topic.send("lost words");
    const loop = codeOf(topic.messages({ from: "start" }).next());
    room.network.cut();
    expect(await room.settled(codeOf(waiting))).toMatch(/no error|TOPIC_UNKNOWN/);
    expect(await room.settled(loop)).toBe("TOPIC_UNKNOWN");
    await room.until(() => failures.length > 0);
    expect(failures).toEqual(["TOPIC_UNKNOWN"]);
    expect(anna.state).toBe("online");
    expect(() => topic.send("x", { id: randomId() })).toThrow(/open the topic first/);
  });
});

describe("requests", () => {
  it("fail with a retryable error when there is no connection, and end when it is lost", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    room.network.partition();
    const asked = [anna.topics(), topic.history()];
    for (const request of asked) request.catch(() => {});
    await turns(10);
    room.network.heal();
    room.network.refuse();
    room.network.cut();
    for (const request of asked) await expect(request).rejects.toMatchObject({ retryable: true });
    for (const request of [
      () => anna.topics(),
      () => topic.history(),
      () => topic.proof(1),
      () => topic.checkpoint(),
    ]) {
      await expect(request()).rejects.toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    }
  });
});

describe("a server that stops", () => {
  it("says when to come back, and its clients are spread", async () => {
    await using room = await openRoom();
    const clients = await Promise.all(
      [0, 0.25, 0.5, 0.75].map((random, index) => room.connect(`client ${index}`, { random: () => random })),
    );
    await room.stop({ drainMs: 100, retryAfterMs: 4_000 });
    expect(clients.map(({ states }) => states.at(-1)?.retryInMs)).toEqual([4_000, 5_000, 6_000, 7_000]);
    await room.start();
    await room.until(() => clients.every(({ state }) => state === "online"), 7_100);
  });
});
