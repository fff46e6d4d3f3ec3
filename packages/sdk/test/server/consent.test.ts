import { createHash } from "node:crypto";
import { RedRoomServer } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport } from "@redroom/sdk/transport";
import { describe, expect, it } from "vitest";
import type { Message } from "../../src/protocol/messages.ts";
import { everybody } from "../everybody.ts";
import { openWorld } from "../world.ts";
import { ask, CONSENT_TEXT, codeOf, OTHER_PASSWORD, peopleWorld, tryLogin } from "./people-world.ts";
import { turns } from "./raw-client.ts";

const consent = { text: CONSENT_TEXT };
const digest = createHash("sha256").update(CONSENT_TEXT).digest("base64url");
const topic = "AAECAwQFBgcICQoLDA0ODw";

const EVERYTHING: readonly (readonly [string, Message])[] = [
  ["listTopics", { type: "listTopics" }],
  ["createTopic", { type: "createTopic", title: "x", regulated: false, members: [] }],
  ["openTopic", { type: "openTopic", title: "Share Deal" }],
  ["openTopic of no topic", { type: "openTopic", title: "no such" }],
  ["readHistory", { type: "readHistory", topic, from: 1, limit: 1 }],
  ["proveEntry", { type: "proveEntry", topic, seq: 1 }],
  ["proveConsistency", { type: "proveConsistency", topic, first: 0, second: 1 }],
  ["setRoles", { type: "setRoles", topic, user: "bernd", roles: [] }],
  ["listQuestions", { type: "listQuestions", topic, limit: 1 }],
  ["search", { type: "search", topic, newestFirst: true, limit: 1 }],
  ["listPrepared", { type: "listPrepared", topic }],
  ["listDeliveries", { type: "listDeliveries", topic, seq: 1 }],
  ["claimCursor", { type: "claimCursor", topic, name: "place" }],
  ["changeName", { type: "changeName", name: "x" }],
  ["changePassword", { type: "changePassword", current: "x", password: OTHER_PASSWORD }],
  ["listUsers", { type: "listUsers" }],
  ["eraseUser", { type: "eraseUser", name: "bernd" }],
];

describe("who has not consented", () => {
  it.each(EVERYTHING)("is refused %s", async (_name, request) => {
    await using world = await peopleWorld({ consent });
    const root = await world.connect("root");
    expect(await ask(root, request)).toMatchObject({ type: "error", code: "CONSENT_NEEDED" });
  });

  it("gets the text in front of the session, also when it is resumed", async () => {
    await using world = await peopleWorld({ consent });
    const anna = await world.connect("anna");
    expect(anna.control.types()).toEqual(["welcome", "consentNeeded", "session"]);
    expect(anna.control.received[1]).toMatchObject({ digest, body: new TextEncoder().encode(CONSENT_TEXT) });
    const again = await world.dial();
    await again.resume(anna.session?.token ?? "");
    expect(again.control.types()).toEqual(["welcome", "consentNeeded", "session"]);
  });

  it("consents, and goes on over the same connection; so do other sessions of the same user, and no other user", async () => {
    await using world = await peopleWorld({ consent });
    const [here, there, bernd] = [
      await world.connect("anna"),
      await world.connect("anna"),
      await world.connect("bernd"),
    ];
    const at = world.clock.now();
    expect(await ask(here, { type: "giveConsent", digest })).toEqual({ type: "consentGiven", at });
    expect(await world.users.findUser("anna")).toMatchObject({ consent: { at, digest } });
    expect(await there.control.next("consentGiven")).toMatchObject({ at });
    for (const client of [here, there]) expect(codeOf(await ask(client, { type: "listTopics" }))).toBe("topicList");
    expect(codeOf(await ask(bernd, { type: "listTopics" }))).toBe("CONSENT_NEEDED");
    world.clock.advance(1_000); // a look at who has changed
    await turns();
    await Promise.all([here.ping(), there.ping(), bernd.ping()]);
    expect((await world.connect("anna")).control.types()).toEqual(["welcome", "session"]);
  });

  it("does not consent to another text", async () => {
    await using world = await peopleWorld({ consent });
    const anna = await world.connect("anna");
    expect(codeOf(await ask(anna, { type: "giveConsent", digest: "A".repeat(43) }))).toBe("CONSENT_NEEDED");
    expect(await world.users.findUser("anna")).toMatchObject({ consent: undefined });
  });

  it("is asked again when the operator takes the consent back, or the text is another one", async () => {
    await using world = await peopleWorld({ consent });
    const anna = await world.connect("anna");
    await ask(anna, { type: "giveConsent", digest });
    await world.users.updateUser(await world.idOf("anna"), { consent: undefined });
    world.clock.advance(1_000);
    expect(await anna.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    expect((await world.connect("anna")).control.types()).toContain("consentNeeded");
    await world.users.updateUser(await world.idOf("anna"), { consent: { at: 1, digest: "of an older text" } });
    expect((await world.connect("anna")).control.types()).toContain("consentNeeded");
  });

  it("is nobody where no text is set", async () => {
    await using world = await peopleWorld();
    const anna = await world.connect("anna");
    expect(anna.control.types()).toEqual(["welcome", "session"]);
    expect(codeOf(await ask(anna, { type: "giveConsent", digest }))).toBe("CONSENT_NEEDED");
    expect(await tryLogin(world, "anna", "not the password")).toBe("LOGIN_FAILED");
  });
});

describe("a client", () => {
  it("has the text when it is connected, consents, and goes on without another connection", async () => {
    await using world = await openWorld("real", { consent });
    const anna = await world.connect("anna");
    const states: string[] = [];
    anna.on("state", ({ state }) => states.push(state));
    expect([anna.state, anna.consent?.text]).toEqual(["online", CONSENT_TEXT]);
    await expect(anna.topics()).rejects.toMatchObject({ code: "CONSENT_NEEDED" });
    await expect(anna.topic("Share Deal").open()).rejects.toMatchObject({ code: "CONSENT_NEEDED" });
    await anna.consent?.give();
    expect(anna.consent).toBeUndefined();
    await (await anna.topic("Share Deal").open()).send("hello");
    expect(states).toEqual([]);
  });

  it("is told when a text is needed later, and its open topics go on once it has consented", async () => {
    await using world = await openWorld("memory");
    const anna = await world.connect("anna");
    const open = await anna.topic("Share Deal").open({ from: "start" });
    await open.send("one");
    const asked = new Promise<string>((resolve) => anna.once("consentNeeded", ({ text }) => resolve(text)));
    const failed: string[] = [];
    anna.on("topicFailed", ({ error }) => failed.push(error.code));
    const port = Number(new URL(world.address).port);
    await world.server.close({ drainMs: 0, retryAfterMs: 0 });
    await using server = new RedRoomServer({
      store: world.store,
      transport: world.transport,
      policy: everybody,
      consent,
    });
    await server.listen({ port });
    expect(await asked).toBe(CONSENT_TEXT);
    const sending = open.send("two");
    await turns();
    expect([sending.state, failed]).toEqual(["queued", []]);
    await anna.consent?.give();
    expect(await sending).toMatchObject({ seq: expect.any(Number) });
    expect((await open.history()).map(({ text }) => text)).toEqual(["one", "two"]);
  });
});

describe("the option `consent`", () => {
  const [store, transport] = [memoryStore(), memoryTransport()];
  it.each([
    ["an empty text", { consent: { text: " \n" } }],
    ["half of a character", { consent: { text: "\ud800" } }],
    ["a text that is too long", { consent: { text: "x".repeat(65_537) } }],
    ["a login of one's own", { consent, authenticate: async () => ({ id: "u", name: "anna", admin: false }) }],
  ])("refuses %s", (_what, options) => {
    expect(() => new RedRoomServer({ store, transport, ...options })).toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID", message: expect.stringContaining("consent") }),
    );
  });
});
