import type { TopicMessage } from "@redroom/sdk";
import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, expectTypeOf, it } from "vitest";

const SUPERUSERS = { anna: ["superuser"], bernd: ["superuser"] } as const;

const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no failure",
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe("an expectation", () => {
  it("takes the next message that fits, and passes over those before it", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    for (const text of ["one", "two", "three", "two"]) await anna.says(text);

    expect(await bernd.expects("two")).toMatchObject({ seq: 4 });
    expect(await bernd.expects(/two/g)).toMatchObject({ seq: 6 });
    expect(await failureOf(bernd.expects("three"))).toMatch(
      /bernd expected this, and it has not come: message "three"/,
    );
  });

  it("fits whatever it names: kind, text, author, recipients, what it is about, and more", async () => {
    await using room = await createTestRoom({ members: { ...SUPERUSERS, carla: ["superuser"] } });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const question = await anna.asks("How many?", { to: ["bernd"], priority: "high" });
    await bernd.joins();
    await anna.asks("How many?", { priority: "low" });
    await anna.says("How many?");

    await expect(bernd.expects({ kind: "answer" })).rejects.toThrow(/answer/);
    await expect(bernd.expects({ text: "How" })).rejects.toThrow(/message "How"/);
    await expect(bernd.expects({ from: "carla" })).rejects.toThrow(/from carla/);
    await expect(bernd.expects({ to: ["carla"] })).rejects.toThrow(/to carla/);
    await expect(bernd.expects({ re: 4 })).rejects.toThrow(/about #4/);
    const low = ({ priority }: TopicMessage<"question">) => priority === "low";
    await expect(bernd.expects({ kind: "question", to: ["bernd"], where: low })).rejects.toThrow(/that fits/);

    await bernd.expects({ kind: "question", text: "How many?", from: "anna", to: ["bernd"] });
    await bernd.expects({ kind: "question", where: low });
    await bernd.answers(question, "Three.");
    expect(await anna.expects({ kind: "answer", re: question })).toMatchObject({ text: "Three." });
  });

  it("leaves out one's own messages, unless they are asked for", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const anna = room.as("anna");
    await anna.says("to all");
    await expect(anna.expects("to all")).rejects.toThrow(/has not come/);
    await anna.expects({ text: "to all", from: "anna" });
  });

  it("fails in no time, with what has come and all that has happened, by whom it may be read", async () => {
    await using room = await createTestRoom({
      members: { anna: ["interviewer"], bernd: ["interviewee"], carla: ["superuser"] },
    });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const question = await anna.asks("How high are the provisions?", { to: ["bernd"], priority: "high" });
    room.faults.cut("bernd");
    await bernd.answers(question, "1.2 million");
    const began = performance.now();
    const failure = await failureOf(anna.expects({ kind: "answer", text: "1.3 million", re: question }));

    expect(performance.now() - began).toBeLessThan(10_000);
    expect(failure.replaceAll(/ +\+\d+\.\d+ s/g, "")).toBe(
      `AssertionError: anna expected this, and it has not come: answer "1.3 million" about #4; within 5000 ms of the room's time

What has come to anna since the last expectation:
  #4 question of anna: "How high are the provisions?"
  #5 answer of bernd: "1.2 million"

All that has happened, and who may read it:
  #1 anna is interviewer
  #2 bernd is interviewee
  #3 carla is superuser
  #4 question of anna to bernd high: "How high are the provisions?"  [anna, bernd, carla]
  (bernd's connections are cut)
  #5 answer of bernd to anna about #4: "1.2 million"  [anna, bernd, carla]
  #6 received by bernd: #1 to #4
  #7 received by anna: #1 to #5
`,
    );
  });

  it("points to the line of the test", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const error: Error = await room
      .as("anna")
      .expects("never")
      .catch((thrown) => thrown);
    expect(error.stack).toMatch(/expectations\.test\.ts:\d+/);
  });

  it("waits for what needs time, and takes as much of it as it is given", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const topic = await anna.joins();
    room.clock.setTimer(() => void topic.note("later"), 3_000);
    room.clock.setTimer(() => void topic.note("much later"), 9_000);
    await bernd.expects("later");
    await expect(bernd.expects("much later")).rejects.toThrow(/within 5000 ms/);
    await bernd.expects("much later", { withinMs: 60_000 });
    expect(room.clock.monotonic() - Date.UTC(2026, 0, 1)).toBe(9_000);
  });

  it("of nothing fails when something comes meanwhile", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const topic = await anna.joins();
    await bernd.expectsNothing();
    room.clock.setTimer(() => void topic.note("a reminder"), 5_000);
    await bernd.expectsNothing();
    await bernd.expectsNothing("something else", { withinMs: 10_000 });
    expect(await failureOf(bernd.expectsNothing({ kind: "note" }))).toMatch(
      /bernd expected no such thing, and it has come: note[\s\S]*#3 note of anna: "a reminder"/,
    );
    await bernd.expects("a reminder");
    await bernd.expectsNothing();
  });

  it("fails at once, and says why, when somebody may not read the topic any more", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    await room.as("bernd").joins();
    await room.server.setRoles("Share Deal", { id: "bernd", name: "bernd" }, []);
    await expect(room.as("bernd").expects("anything")).rejects.toThrow(
      /message "anything"; .*none with this name that your role lets you use/,
    );
  });

  it("rejects with what its own condition throws, and the room goes on", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    await bernd.joins();
    const where = (): boolean => {
      throw new Error("no such thing");
    };
    const expecting = bernd.expects({ where });
    await Promise.all([expect(expecting).rejects.toThrow("no such thing"), anna.says("hello")]);
    await bernd.expects("hello");
  });

  it("of a message that is never stored fails as well", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    await room.as("anna").joins();
    room.faults.refuse("anna");
    await expect(room.as("anna").says("lost")).rejects.toThrow(/after 60000 ms of the room's time: the note of anna/);
  });

  it("is checked by the compiler", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS, topics: ["One", "Two"] });
    const [anna, bernd] = [room.as("anna").topic("One"), room.as("bernd").topic("One")];
    await anna.asks("How many?", { priority: "high" });
    const question = await bernd.expects({ kind: "question", from: "anna" });
    expectTypeOf(question.kind).toEqualTypeOf<"question">();
    expectTypeOf(question.priority).toEqualTypeOf<"low" | "high" | undefined>();

    const wrong = [
      // @ts-expect-error nobody has this name
      () => room.as("emil"),
      // @ts-expect-error there is no such topic
      () => room.as("anna").topic("Three"),
      // @ts-expect-error there is no such kind
      () => anna.expects({ kind: "qestion" }),
      // @ts-expect-error nobody has this name
      () => anna.expects({ from: "emil" }),
      // @ts-expect-error nobody has this name
      () => room.faults.cut("emil"),
      // @ts-expect-error there is no such message of the protocol
      () => room.faults.dropNext("acknowledgement"),
    ];
    expect(wrong).toHaveLength(6);
    expect(wrong[0]).toThrow(/unable to find "emil" in the room; there are anna, bernd/);
    await expect(room.as("anna").says("where?")).rejects.toThrow(/unable to choose a topic; there are 2/);
  });
});
