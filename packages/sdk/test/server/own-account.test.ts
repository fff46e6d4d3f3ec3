import { RedRoomClient } from "@redroom/sdk";
import { describe, expect, it, vi } from "vitest";
import { openWorld } from "../world.ts";
import { ask, codeOf, OTHER_PASSWORD, peopleWorld, tryLogin } from "./people-world.ts";
import { PASSWORD, turns } from "./raw-client.ts";

const change = (current: string, password: string) => ({ type: "changePassword", current, password }) as const;

describe("changing one's password", () => {
  it("ends the other sessions at once, online or not, and lets this one go on", async () => {
    await using world = await peopleWorld();
    const [here, there, away, bernd] = [
      await world.connect("anna"),
      await world.connect("anna"),
      await world.connect("anna"),
      await world.connect("bernd"),
    ];
    const reading = await there.openTopic("Share Deal", 1);
    away.connection.close(9);
    await turns();
    expect(await ask(here, change(PASSWORD, OTHER_PASSWORD))).toMatchObject({ user: { name: "anna" } });

    expect(await there.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    expect(await reading.ended()).not.toBe("end");
    const back = await world.dial();
    back.control.send({ type: "resume", token: away.session?.token ?? "" });
    expect(await back.control.next("resumeRefused")).toMatchObject({ code: "SESSION_UNKNOWN" });
    // Looked at more than once by who ends sessions of changed users.
    for (let second = 0; second < 3; second += 1) {
      world.clock.advance(1_000);
      await turns();
      await Promise.all([here.ping(), bernd.ping()]);
    }
    expect(codeOf(await ask(here, { type: "listTopics" }))).toBe("topicList");
    expect([await tryLogin(world, "anna", PASSWORD), await tryLogin(world, "anna", OTHER_PASSWORD)]).toEqual([
      "LOGIN_FAILED",
      "session",
    ]);
  });

  it.each([
    ["disabled", { disabled: true }],
    ["no administrator any more", { admin: false }],
  ] as const)("does not keep a session that somebody else has ended: of one who is %s", async (_what, change_) => {
    await using world = await peopleWorld();
    await world.users.updateUser(await world.idOf("anna"), { admin: true });
    const anna = await world.connect("anna");
    await world.users.updateUser(await world.idOf("anna"), change_);
    expect(codeOf(await ask(anna, change(PASSWORD, OTHER_PASSWORD)))).toBe("SESSION_REVOKED");
    for (let round = 0; round < 4; round += 1) {
      anna.open({ type: "changeName", name: `anna ${round}` });
      world.clock.advance(500);
      await turns();
    }
    expect(await anna.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
  });

  it("needs the current one: a wrong one changes nothing, and guessing it is slow", async () => {
    await using world = await peopleWorld();
    const anna = await world.connect("anna");
    for (let count = 0; count < 6; count += 1) {
      expect(codeOf(await ask(anna, change("not the password", OTHER_PASSWORD)))).toBe("LOGIN_FAILED");
    }
    expect(await ask(anna, change(PASSWORD, OTHER_PASSWORD))).toMatchObject({
      code: "TOO_MANY_REQUESTS",
      retryable: true,
      retryAfterMs: 1_000,
    });
    world.clock.advance(1_000);
    expect(codeOf(await ask(anna, change(PASSWORD, OTHER_PASSWORD)))).toBe("accountChanged");
  });

  it("refuses one that is guessed first, before anything is checked", async () => {
    await using world = await peopleWorld();
    const anna = await world.connect("anna");
    const refused = await ask(anna, change("not the password", "annaannaannaanna"));
    expect(refused).toMatchObject({ code: "PASSWORD_INVALID" });
    expect(JSON.stringify([refused, world.log])).not.toContain("annaannaanna");
  });

  it("is overtaken by an administrator who has ended the session meanwhile", async () => {
    await using world = await peopleWorld();
    const anna = await world.connect("anna");
    const id = await world.idOf("anna");
    const finding = vi.spyOn(world.users, "findUser");
    const asked = anna.open(change(PASSWORD, OTHER_PASSWORD));
    // Behind it, one password is checked and the other hashed: neither is done within a turn.
    while (finding.mock.settledResults.length === 0) await turns(1);
    world.server.revoke(id);
    await asked.ended();
    // The first may be checked beside what is left of the change, the second behind it.
    for (let login = 0; login < 2; login += 1) expect(await tryLogin(world, "anna", PASSWORD)).toBe("session");
  });
});

describe("changing one's name", () => {
  it("is for all sessions, logins and topics, at once", async () => {
    await using world = await peopleWorld();
    const [here, there, bernd] = [
      await world.connect("anna"),
      await world.connect("anna"),
      await world.connect("bernd"),
    ];
    const reading = await bernd.openTopic("Share Deal", 1);
    const writing = await there.openTopic("Share Deal", 1);
    writing.send({ type: "publish", id: "AAECAwQFBgcICQoLDA0ODw", kind: "note", body: Buffer.from("one") });
    expect(await reading.next("entry")).toMatchObject({ author: "anna" });

    expect(await ask(here, { type: "changeName", name: "Änne" })).toMatchObject({ user: { name: "Änne" } });
    expect(await there.control.next("accountChanged")).toMatchObject({ user: { name: "Änne", admin: false } });
    writing.send({ type: "publish", id: "oKGio6SlpqeoqaqrrK2urw", kind: "note", body: Buffer.from("two") });
    expect(await reading.next("entry")).toMatchObject({ author: "Änne" });
    expect(reading.received).toContainEqual(expect.objectContaining({ type: "member", name: "Änne" }));
    // Who comes later hears nothing of the name before.
    const late = await bernd.openTopic("Share Deal", 1);
    const authors = [await late.next("entry"), await late.next("entry")].map(({ author }) => author);
    const members = late.received.flatMap((message) => (message.type === "member" ? [message.name] : []));
    expect([authors, members.includes("anna")]).toEqual([["Änne", "Änne"], false]);

    expect([await tryLogin(world, "anna", PASSWORD), await tryLogin(world, "änne", PASSWORD)]).toEqual([
      "LOGIN_FAILED",
      "session",
    ]);
  });

  it.each([
    ["BERND", "NAME_TAKEN"],
    [" bernd2", "NAME_INVALID"],
    ["erased person", "NAME_INVALID"],
    ["x".repeat(129), "NAME_INVALID"],
  ])("to %s is refused with %s", async (name, code) => {
    await using world = await peopleWorld();
    const anna = await world.connect("anna");
    expect(codeOf(await ask(anna, { type: "changeName", name }))).toBe(code);
    expect(await world.users.findUser("anna")).toBeDefined();
  });
});

describe("a client", () => {
  it("changes name and password over QUIC, and comes back with both by itself", async () => {
    await using world = await openWorld("real");
    const anna = await world.connect("anna");
    const other = await world.connect("anna", { reconnect: false });
    const ended = new Promise((resolve) => other.once("closed", (cause) => resolve(cause?.code)));
    const seen: string[] = [];
    anna.on("account", ({ name }) => seen.push(name));
    await anna.changePassword(PASSWORD, OTHER_PASSWORD);
    expect(await ended).toBe("SESSION_REVOKED");
    await anna.changeName("Änne");
    expect([anna.user.name, seen]).toEqual(["Änne", ["Änne"]]);
    await expect(anna.changePassword(PASSWORD, "Igel Tüte Kanu Zebra")).rejects.toMatchObject({ code: "LOGIN_FAILED" });

    const back = new Promise<void>((resolve) => anna.on("state", ({ state }) => state === "online" && resolve()));
    world.server.revoke(anna.user.id);
    await back;
    expect((await anna.topics()).length).toBe(1);
    const auth = { name: "Änne", password: OTHER_PASSWORD };
    await (await RedRoomClient.connect(world.address, { auth, transport: world.transport })).close();
  });

  it("with a login of the application has nothing to change", async () => {
    await using world = await openWorld("memory", {
      authenticate: async ({ name }) => ({ id: name, name, admin: true }),
    });
    const anna = await world.connect("anna");
    await expect(anna.changeName("Änne")).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    await expect(anna.users.list()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });
});
