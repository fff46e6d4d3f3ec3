import type { RedRoomError } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { openDealRoom, PARTY } from "./deal-room.ts";
import { openRoom, TITLE } from "./room.ts";

const PEOPLE = { anna: PARTY, bernd: PARTY, carla: PARTY, mona: ["superuser"] };

const codeOf = (work: () => PromiseLike<unknown>): Promise<string> =>
  (async () => work())().then(
    () => "done",
    ({ code }: RedRoomError) => code,
  );

describe("a message to chosen people", () => {
  it("is for them, by name or pseudonym; others get its place only, and are not told of as if they had it", async () => {
    await using room = await openDealRoom(PEOPLE);
    const [anna, bernd, carla] = [await room.join("anna"), await room.join("bernd"), await room.join("carla")];
    const sending = anna.topic.ask("Only you two.", { to: ["bernd", idOf("mona")] });
    function idOf(name: string): string {
      return anna.topic.members.find((member) => member.name === name)?.id ?? "";
    }
    expect(sending.to?.map(({ name }) => name)).toEqual(["bernd", "mona"]);
    const { seq } = await room.settled(sending);
    await room.until(() => bernd.messages.length > 0 && carla.withheld.length > 0);
    expect(bernd.messages[0]?.to).toEqual([
      { id: idOf("bernd"), name: "bernd" },
      { id: idOf("mona"), name: "mona" },
    ]);
    expect([carla.messages, carla.withheld]).toEqual([[], [seq]]);
    await room.join("mona");
    expect([...(await room.settled(sending.delivered())).by].sort()).toEqual(["bernd", "mona"]);
    const confirmed = await room.settled(anna.topic.deliveries({ seq }));
    expect(confirmed.map(({ member }) => member.name)).toEqual(expect.arrayContaining(["bernd", "mona"]));
    expect(confirmed[0]?.at).toBeInstanceOf(Date);
  });

  it("is delivered when they have it, whoever else has not, or has left", async () => {
    await using room = await openDealRoom(PEOPLE);
    const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
    const [toBernd, toAll] = [anna.topic.ask("You?", { to: ["bernd"] }), anna.topic.ask("Anybody?")];
    expect((await room.settled(toBernd.delivered({ by: "all" }))).by).toEqual(["bernd"]);
    await room.until(() => toAll.receivedBy.size > 0);
    expect([toBernd.state, toAll.state, bernd.texts()]).toEqual(["delivered", "stored", ["You?", "Anybody?"]]);
    await room.setRoles("mona", []);
    await room.setRoles("carla", []);
    await room.until(() => toAll.state === "delivered");
    expect([...toAll.receivedBy]).toEqual(["bernd"]);
  });

  it("is refused at once for who is no member, for ourselves, and for a name that two have", async () => {
    await using room = await openDealRoom(PEOPLE);
    await room.server.setRoles("Project Kestrel", { id: "the other carla", name: "carla" }, PARTY);
    const { topic } = await room.join("anna");
    const outgoing: string[] = [];
    for (const to of [["nobody"], ["anna"], ["carla"], ["bernd", "nobody"]]) {
      expect(await codeOf(() => topic.ask("?", { to }))).toBe("RECIPIENT_INVALID");
    }
    const [one, other] = topic.members.filter(({ name }) => name === "carla");
    expect(await codeOf(() => room.settled(topic.ask("?", { to: [one?.id ?? "", other?.id ?? ""] })))).toBe("done");
    expect([topic.unstored, outgoing]).toEqual([0, []]);
  });

  it("carries priority and deadline, of a question only", async () => {
    await using room = await openDealRoom(PEOPLE);
    const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
    const due = new Date(room.clock.now() + 3_600_000);
    await room.settled(anna.topic.ask("Soon?", { priority: "high", due }));
    await room.settled(anna.topic.ask("Whenever.", { priority: "normal" }));
    await room.until(() => bernd.messages.length === 2);
    expect(bernd.messages[0]).toMatchObject({ priority: "high", due });
    expect(bernd.messages[1]).not.toHaveProperty("priority");
    const past = new Date(room.clock.now() - 1);
    expect(await codeOf(() => room.settled(anna.topic.ask("Too late?", { due: past })))).toBe("DEADLINE_INVALID");
    expect(await codeOf(() => anna.topic.send("a note", { priority: "high" }))).toBe("OPTIONS_INVALID");
    expect(await codeOf(() => anna.topic.ask("?", { due: new Date("nonsense") }))).toBe("OPTIONS_INVALID");
  });
});

describe("what is done to a message", () => {
  it("refers to it, with a reason that only a closing needs", async () => {
    await using room = await openDealRoom(PEOPLE);
    const [anna, bernd, mona] = [await room.join("anna"), await room.join("bernd"), await room.join("mona")];
    const first = await room.settled(anna.topic.ask("How hihg?", { to: ["bernd"] }));
    await room.settled(anna.topic.correct(first, "How high?"));
    await room.settled(anna.topic.withdraw(first));
    const second = await room.settled(anna.topic.ask("Who pays?"));
    await room.settled(mona.topic.closeQuestion(second, "Asked twice."));
    await room.settled(mona.topic.note("Thank you."));
    await room.until(() => bernd.messages.length === 6);
    expect(bernd.messages.map(({ kind, re, text }) => [kind, re, text])).toEqual([
      ["question", undefined, "How hihg?"],
      ["correction", first.seq, "How high?"],
      ["withdrawal", first.seq, ""],
      ["question", undefined, "Who pays?"],
      ["closing", second.seq, "Asked twice."],
      ["note", undefined, "Thank you."],
    ]);
    expect(await codeOf(() => mona.topic.closeQuestion(second, ""))).toBe("TEXT_INVALID");
    expect(await codeOf(() => anna.topic.ask(""))).toBe("TEXT_INVALID");
  });

  it("is refused by the server where the role does not allow it, and leaves the rest alone", async () => {
    await using room = await openDealRoom({ anna: ["interviewer"], bernd: ["interviewee"] });
    const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
    const question = await room.settled(anna.topic.ask("How high?"));
    for (const forbidden of [
      () => bernd.topic.ask("Why?"),
      () => bernd.topic.withdraw(question),
      () => bernd.topic.closeQuestion(question, "No."),
      () => anna.topic.note("By the way"),
      () => anna.topic.answer(question, "Myself."),
    ]) {
      expect(await codeOf(() => room.settled(forbidden()))).toBe("NOT_ALLOWED");
    }
    await room.settled(bernd.topic.answer(question, "Two million."));
    await room.until(() => anna.texts().length === 2);
    expect(anna.texts()).toEqual(["How high?", "Two million."]);
  });
});

describe("two users of one name", () => {
  it("are two: each sees the other's messages delivered, and takes no message of the other's for its own", async () => {
    const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name: "anna", admin: false });
    await using room = await openRoom({ authenticate });
    const [one, other] = [await room.connect("one"), await room.connect("other")];
    for (const client of [one, other]) client.on("message", () => {});
    const topic = await one.topic(TITLE).open({ from: "start" });
    const theirs = await other.topic(TITLE).open({ from: "start" });
    expect(topic.self?.id).not.toBe(theirs.self?.id);
    const sending = topic.send("hello, me");
    expect((await room.settled(sending.delivered())).by).toEqual(["anna"]);
    expect((await room.settled(theirs.send("hello").delivered())).by).toEqual(["anna"]);
    expect(sending.state).toBe("delivered");
  });
});
