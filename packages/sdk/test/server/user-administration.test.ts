import { createUser } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import type { Message } from "../../src/protocol/messages.ts";
import { openWorld } from "../world.ts";
import { ask, codeOf, OTHER_PASSWORD, peopleWorld, tryLogin } from "./people-world.ts";
import { PASSWORD, turns } from "./raw-client.ts";

const REQUESTS: readonly (readonly [string, Message])[] = [
  ["listing users", { type: "listUsers" }],
  ["listing users behind one", { type: "listUsers", after: "nobody" }],
  ["adding a user", { type: "addUser", name: "carla", password: OTHER_PASSWORD, admin: true }],
  ["adding one who is there", { type: "addUser", name: "bernd", password: OTHER_PASSWORD, admin: true }],
  ["adding one with a bad password", { type: "addUser", name: "carla", password: "short", admin: true }],
  ["making oneself an administrator", { type: "changeUser", name: "anna", admin: true }],
  ["disabling somebody", { type: "changeUser", name: "bernd", disabled: true }],
  ["setting a password", { type: "changeUser", name: "bernd", password: OTHER_PASSWORD }],
  ["changing nobody", { type: "changeUser", name: "nobody", admin: true }],
  ["erasing somebody", { type: "eraseUser", name: "bernd" }],
  ["erasing nobody", { type: "eraseUser", name: "nobody" }],
  ["exporting somebody", { type: "exportUser", name: "bernd" }],
  ["exporting oneself", { type: "exportUser", name: "anna" }],
  ["exporting nobody", { type: "exportUser", name: "nobody" }],
];

describe("who is no administrator", () => {
  it.each(REQUESTS)("is refused %s, with the same answer always, and nothing has happened", async (_what, request) => {
    await using world = await peopleWorld();
    const before = await world.users.listUsers();
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    expect(await ask(anna, request)).toEqual({
      type: "error",
      code: "NOT_ALLOWED",
      message: "unable to manage users; only administrators can",
    });
    expect(await world.users.listUsers()).toEqual(before);
    world.clock.advance(1_000);
    await turns();
    await Promise.all([anna.ping(), bernd.ping()]);
  });
});

describe("an administrator", () => {
  it("adds somebody who can log in at once", async () => {
    await using world = await peopleWorld();
    const root = await world.connect("root");
    const added = await ask(root, { type: "addUser", name: "Carla", password: OTHER_PASSWORD, admin: false });
    expect(added).toMatchObject({ account: { name: "Carla", admin: false, disabled: false, legalHold: false } });
    expect(await tryLogin(world, "carla", OTHER_PASSWORD)).toBe("session");
    expect(JSON.stringify([added, world.log])).not.toMatch(/argon2|Zebra/);
  });

  it.each([
    ["the password", { password: OTHER_PASSWORD }],
    ["the rights", { admin: true }],
    ["the ban", { disabled: true }],
  ])("changes %s: running sessions and logins under way end at once", async (_what, change) => {
    await using world = await peopleWorld();
    const root = await world.connect("root");
    const [anna, away] = [await world.connect("anna"), await world.connect("anna")];
    const reading = await anna.openTopic("Share Deal", 1);
    away.connection.close(9);
    await turns();
    expect(codeOf(await ask(root, { type: "changeUser", name: "ANNA", ...change }))).toBe("userChanged");
    expect(await anna.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    expect(await reading.ended()).not.toBe("end");
    const back = await world.dial();
    back.control.send({ type: "resume", token: away.session?.token ?? "" });
    expect(await back.control.next("resumeRefused")).toMatchObject({ code: "SESSION_UNKNOWN" });
    await root.ping();
  });

  it("changes nothing that is so already: no session ends", async () => {
    await using world = await peopleWorld();
    const [root, anna] = [await world.connect("root"), await world.connect("anna")];
    await ask(root, { type: "changeUser", name: "anna", admin: false, disabled: false });
    await anna.ping();
  });

  it("disables somebody, who looks like a wrong password, can not resume, and can log in when enabled", async () => {
    await using world = await peopleWorld();
    const [root, anna] = [await world.connect("root"), await world.connect("anna")];
    await ask(root, { type: "changeUser", name: "anna", disabled: true });
    const back = await world.dial();
    back.control.send({ type: "resume", token: anna.session?.token ?? "" });
    await back.control.next("resumeRefused");
    back.control.send({ type: "login", name: "anna", password: PASSWORD });
    const disabled = await back.control.next("error");
    const { control } = await world.dial();
    control.send({ type: "login", name: "bernd", password: "not the password" });
    expect(disabled).toEqual(await control.next("error"));
    await ask(root, { type: "changeUser", name: "anna", disabled: false });
    expect(await tryLogin(world, "anna", PASSWORD)).toBe("session");
  });

  it("erases somebody: sessions end, and no topic tells the name any more, not even to who comes later", async () => {
    await using world = await peopleWorld();
    const [root, anna, bernd] = [
      await world.connect("root"),
      await world.connect("anna"),
      await world.connect("bernd"),
    ];
    const reading = await bernd.openTopic("Share Deal", 1);
    const writing = await anna.openTopic("Share Deal", 1);
    writing.send({ type: "publish", id: "AAECAwQFBgcICQoLDA0ODw", kind: "note", body: Buffer.from("one") });
    expect(await reading.next("entry")).toMatchObject({ author: "anna" });
    expect(await ask(root, { type: "eraseUser", name: "anna" })).toEqual({ type: "userErased" });
    expect(await anna.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    const late = await bernd.openTopic("Share Deal", 1);
    expect(await late.next("entry")).toMatchObject({ author: "erased person" });
    expect(JSON.stringify(late.received)).not.toContain("anna");
    expect(await tryLogin(world, "anna", PASSWORD)).toBe("LOGIN_FAILED");
    expect(codeOf(await ask(root, { type: "eraseUser", name: "anna" }))).toBe("USER_UNKNOWN");
  });

  it("does not erase under a legal hold, nor change the own account this way, nor remove the last administrator", async () => {
    await using world = await peopleWorld();
    const root = await world.connect("root");
    await world.users.updateUser(await world.idOf("anna"), { legalHold: true });
    expect(codeOf(await ask(root, { type: "eraseUser", name: "anna" }))).toBe("LEGAL_HOLD");
    expect(codeOf(await ask(root, { type: "changeUser", name: "Root", admin: false }))).toBe("NOT_ALLOWED");
    expect(codeOf(await ask(root, { type: "eraseUser", name: "root" }))).toBe("NOT_ALLOWED");
    await root.ping();
  });

  it("is none any more from the moment on in which another one says so", async () => {
    await using world = await peopleWorld();
    await createUser(world.users, { name: "other", password: PASSWORD, admin: true });
    const [root, other] = [await world.connect("root"), await world.connect("other")];
    await ask(other, { type: "changeUser", name: "root", admin: false });
    expect(await root.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    expect(await tryLogin(world, "root", PASSWORD)).toBe("session");
  });
});

describe("changes by another process", () => {
  it("of a ban, an erasure and a name are felt within a second, everywhere", async () => {
    await using world = await peopleWorld();
    const [anna, bernd, root] = [
      await world.connect("anna"),
      await world.connect("bernd"),
      await world.connect("root"),
    ];
    const reading = await root.openTopic("Share Deal", 1);
    for (const client of [anna, bernd]) await client.openTopic("Share Deal", 1);
    world.clock.advance(1_000); // a first look at everybody
    await turns();
    await world.users.updateUser(await world.idOf("root"), { name: "Wurzel" });
    await world.users.updateUser(await world.idOf("anna"), { disabled: true });
    await world.users.eraseUser(await world.idOf("bernd"));
    world.clock.advance(1_000);
    for (const { control } of [anna, bernd]) {
      expect(await control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    }
    expect(await root.control.next("accountChanged")).toMatchObject({ user: { name: "Wurzel" } });
    await turns();
    const names = reading.received.flatMap((message) => (message.type === "member" ? [message.name] : []));
    expect(names.slice(-2).sort()).toEqual(["Wurzel", "erased person"]);
  });
});

describe("client.users", () => {
  it("manages people over QUIC and a file, page by page", async () => {
    await using world = await openWorld("real", { users: ["admin", "anna", "bernd"] });
    const root = await world.connect("admin");
    const anna = await world.connect("anna");
    await (await anna.topic("Share Deal").open()).send("kept");
    const { passwordHash } = (await world.store.users?.findUser("anna")) ?? { passwordHash: "" };
    const rest = { passwordHash, admin: false, disabled: false, consent: undefined, legalHold: false };
    for (let number = 0; number < 70; number += 1) {
      await world.store.users?.createUser({ id: `id ${number}`, name: `user ${number}`, createdAt: number, ...rest });
    }
    const all = await root.users.list();
    expect(all.map(({ name }) => name)).toEqual([
      "admin",
      "anna",
      "bernd",
      ...Array.from({ length: 70 }, (_, number) => `user ${number}`),
    ]);
    expect(await root.users.add({ name: "carla", password: OTHER_PASSWORD })).toMatchObject({
      createdAt: expect.any(Date),
    });
    expect(await root.users.setAdmin("carla", true)).toMatchObject({ admin: true });
    expect(await root.users.setPassword("carla", PASSWORD)).toMatchObject({ name: "carla" });
    await (await world.connect("carla")).close();
    expect(await root.users.disable("carla")).toMatchObject({ disabled: true });
    await expect(world.connect("carla")).rejects.toMatchObject({ code: "LOGIN_FAILED" });
    expect(await root.users.enable("carla")).toMatchObject({ disabled: false });
    const { account, topics } = await root.users.export("anna");
    expect(account).toMatchObject({ name: "anna", consentedAt: undefined });
    expect(topics).toMatchObject([{ title: "Share Deal", pseudonym: expect.any(String) }]);
    await root.users.erase("anna");
    await expect(root.users.export("anna")).rejects.toMatchObject({ code: "USER_UNKNOWN" });
    await expect((await world.connect("bernd")).users.list()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });
});
