import { type Action, type AuthorizePayload, type Extension, RedRoomError } from "@redroom/sdk";
import { roomPolicy } from "@redroom/sdk/rules";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { gate, hookWorld, never, pass } from "./hook-world.ts";
import { ask, codeOf, OTHER_PASSWORD } from "./people-world.ts";
import { PASSWORD, type RawClient, turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

const digest = "A".repeat(43);

interface Asked {
  readonly request: Message;
  /** What an administrator gets who may do everything: the type of the last message, or the code of the error. */
  readonly answer: string;
  /** Whether it is about a topic that is there. */
  readonly inTopic: boolean;
}

/** Whatever can be asked for, in an order in which it works. A request that is missing here does not compile. */
const REQUESTS: { readonly [A in Action]: (topic: string) => Asked } = {
  openTopic: (id) => ({ request: { type: "openTopic", id, from: 1 }, answer: "topicOpened", inTopic: true }),
  listTopics: () => ({ request: { type: "listTopics" }, answer: "topicList", inTopic: false }),
  createTopic: () => ({
    request: { type: "createTopic", title: "Asset Deal", regulated: false, members: [] },
    answer: "topicCreated",
    inTopic: false,
  }),
  setRoles: (topic) => ({
    request: { type: "setRoles", topic, user: "anna", roles: ["interviewer"] },
    answer: "rolesSet",
    inTopic: true,
  }),
  readHistory: (topic) => ({
    request: { type: "readHistory", topic, from: 1, limit: 10 },
    answer: "historyRead",
    inTopic: true,
  }),
  proveEntry: (topic) => ({ request: { type: "proveEntry", topic, seq: 1 }, answer: "entryProof", inTopic: true }),
  proveConsistency: (topic) => ({
    request: { type: "proveConsistency", topic, first: 1, second: 2 },
    answer: "consistencyProof",
    inTopic: true,
  }),
  listQuestions: (topic) => ({
    request: { type: "listQuestions", topic, limit: 10 },
    answer: "questionList",
    inTopic: true,
  }),
  search: (topic) => ({
    request: { type: "search", topic, text: "rolle", newestFirst: false, limit: 10 },
    answer: "found",
    inTopic: true,
  }),
  listPrepared: (topic) => ({ request: { type: "listPrepared", topic }, answer: "preparedListed", inTopic: true }),
  listDeliveries: (topic) => ({
    request: { type: "listDeliveries", topic, seq: 1 },
    answer: "deliveryList",
    inTopic: true,
  }),
  claimCursor: (topic) => ({ request: { type: "claimCursor", topic, name: "bot" }, answer: "cursor", inTopic: true }),
  saveCursor: (topic) => ({
    request: { type: "saveCursor", topic, name: "bot", epoch: 1, number: 1, body: utf8("place") },
    answer: "cursorSaved",
    inTopic: true,
  }),
  dropCursor: (topic) => ({
    request: { type: "dropCursor", topic, name: "bot" },
    answer: "cursorDropped",
    inTopic: true,
  }),
  // This server asks for no consent, which comes out only behind the hook.
  giveConsent: () => ({ request: { type: "giveConsent", digest }, answer: "CONSENT_NEEDED", inTopic: false }),
  changeName: () => ({ request: { type: "changeName", name: "roger" }, answer: "accountChanged", inTopic: false }),
  changePassword: () => ({
    request: { type: "changePassword", current: PASSWORD, password: OTHER_PASSWORD },
    answer: "accountChanged",
    inTopic: false,
  }),
  listUsers: () => ({ request: { type: "listUsers" }, answer: "userList", inTopic: false }),
  addUser: () => ({
    request: { type: "addUser", name: "dora", password: OTHER_PASSWORD, admin: false },
    answer: "userChanged",
    inTopic: false,
  }),
  changeUser: () => ({
    request: { type: "changeUser", name: "anna", disabled: true },
    answer: "userChanged",
    inTopic: false,
  }),
  eraseUser: () => ({ request: { type: "eraseUser", name: "bernd" }, answer: "userErased", inTopic: false }),
  exportUser: () => ({ request: { type: "exportUser", name: "anna" }, answer: "userExported", inTopic: false }),
};

const ACTIONS = Object.keys(REQUESTS) as Action[];

/** A server with users of its own, of whom root is an administrator, and a topic with two entries. */
async function administered(extension: Extension) {
  const world = await serverWorld({ users: ["root", "anna", "bernd"], extensions: [extension] });
  const { users } = world.store;
  await users.updateUser((await users.findUser("root"))?.id ?? "", { admin: true });
  const topic = await world.store.findTopic({ title: "Share Deal" });
  for (const name of ["root", "anna"]) {
    await world.server.setRoles("Share Deal", { id: (await users.findUser(name))?.id ?? "", name }, ["rolle"]);
  }
  const root = await world.connect("root");
  /** All that a request could change. */
  const kept = async () => ({
    topics: await world.store.listTopics({ limit: 10 }),
    people: [...(await world.store.people(topic?.id ?? ""))],
    users: await users.listUsers(),
  });
  return Object.assign(world, { root, topicId: topic?.id ?? "", kept });
}

/** What is answered first on a stream of its own: of a topic, that it is open. */
async function answerTo(client: RawClient, request: Message): Promise<string | undefined> {
  if (request.type !== "openTopic") return codeOf(await ask(client, request));
  const stream = client.open(request);
  const answer = await stream.next("topicOpened", "error");
  stream.channel.end();
  return codeOf(answer);
}

describe("authorize", () => {
  it("is asked once about each request and each topic that is opened, by whom and about which topic", async () => {
    const asked: Omit<AuthorizePayload, "signal">[] = [];
    await using world = await administered({
      authorize: ({ signal: _, ...payload }) => void asked.push({ ...payload, user: { ...payload.user } }),
    });
    const user = { ...world.root.session?.user };
    for (const action of ACTIONS) {
      const { request, answer, inTopic } = REQUESTS[action](world.topicId);
      expect(await answerTo(world.root, request), action).toBe(answer);
      const topic = { id: world.topicId, title: "Share Deal", regulated: false };
      expect(asked.splice(0), action).toEqual([{ user, action, ...(inTopic && { topic }) }]);
      if (action === "changeName") user.name = "roger";
    }
  });

  it("that refuses leaves everything as it was, and says why in its own words", async () => {
    await using world = await administered({
      authorize({ action }) {
        throw new RedRoomError("TOO_MANY_REQUESTS", `unable to go on; no ${action} on Sundays`);
      },
    });
    const before = await world.kept();
    for (const action of ACTIONS) {
      const { request } = REQUESTS[action](world.topicId);
      const stream = world.root.open(request);
      const message = `unable to go on; no ${action} on Sundays`;
      expect(await stream.next("error"), action).toMatchObject({ code: "TOO_MANY_REQUESTS", message });
      await stream.ended();
      expect(stream.types(), action).toEqual(["error"]);
    }
    expect(await world.kept()).toEqual(before);
  });

  it("is never asked about what the policy refuses: it grants nothing, and tells nobody what exists", async () => {
    const asked: Action[] = [];
    await using world = await hookWorld({
      policy: roomPolicy,
      authorize: ({ action }) => {
        asked.push(action);
        throw new RedRoomError("TEXT_INVALID", "so there is such a topic");
      },
    });
    const topic = await world.store.findTopic({ title: "Share Deal" });
    const anna = await world.connect("anna");
    const own: readonly Action[] = ["listTopics"];
    for (const action of ACTIONS.filter((each) => !own.includes(each))) {
      const { request } = REQUESTS[action](topic?.id ?? "");
      expect(await answerTo(anna, request), action).toBe("NOT_ALLOWED");
    }
    expect(asked).toEqual([]);
    expect(await answerTo(anna, { type: "listTopics" })).toBe("TEXT_INVALID");
  });

  it("that hangs is told to come back, while others are served", async () => {
    await using world = await hookWorld({
      authorize: ({ user }) => (user.name === "anna" ? never() : undefined),
    });
    const anna = await world.connect("anna");
    const bernd = await world.connect("bernd");
    const opening = anna.open({ type: "openTopic", title: "Share Deal", from: 1 });
    const listing = anna.open({ type: "listTopics" });
    await pass(world, 4_999);
    await bernd.openTopic("Share Deal", 1);
    expect([opening.received, listing.received]).toEqual([[], []]);
    await pass(world, 1);
    for (const stream of [opening, listing]) {
      expect(await stream.next("error")).toMatchObject({ code: "TIMEOUT", retryable: true });
    }
    await anna.ping();
  });

  it("that lets somebody in who was thrown out meanwhile lets nobody in", async () => {
    const open = gate();
    await using world = await hookWorld({
      policy: roomPolicy,
      authorize: ({ action }) => (action === "listTopics" ? undefined : open.passed),
    });
    const anna = { id: "id of anna", name: "anna" };
    await world.server.setRoles("Share Deal", anna, ["superuser"]);
    const topic = await world.store.findTopic({ title: "Share Deal" });
    const client = await world.connect("anna");
    const reading = client.open({ type: "openTopic", title: "Share Deal", from: 1 });
    const proof = client.open({ type: "proveEntry", topic: topic?.id ?? "", seq: 1 });
    await turns();
    await world.server.setRoles("Share Deal", anna, []);
    open.open();
    for (const stream of [reading, proof]) {
      expect(await stream.next("error")).toMatchObject({ code: "NOT_ALLOWED" });
      expect(stream.types()).toEqual(["error"]);
    }
  });

  it("that allows a request of somebody whose session has ended meanwhile is in vain", async () => {
    const open = gate();
    await using world = await hookWorld({ authorize: () => open.passed });
    const admin = await world.connect("admin");
    admin.open({ type: "createTopic", title: "Asset Deal", regulated: false, members: [] });
    await turns();
    world.server.revoke("id of admin");
    open.open();
    await turns();
    expect(await world.store.findTopic({ title: "Asset Deal" })).toBeUndefined();
  });

  it("may call the server", async () => {
    await using world = await hookWorld({
      policy: roomPolicy,
      authorize: async ({ user, action, topic }) => {
        if (action === "openTopic") await world.server.setRoles(topic?.title ?? "", user, ["archivist"]);
      },
    });
    await world.server.setRoles("Share Deal", { id: "id of anna", name: "anna" }, ["superuser"]);
    const stream = (await world.connect("anna")).open({ type: "openTopic", title: "Share Deal", from: 1 });
    expect(await stream.next("topicOpened")).toMatchObject({ you: { roles: ["archivist"] } });
  });

  it("is no reason for a warning, however many requests wait for it", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const open = gate();
    await using world = await hookWorld({ authorize: () => open.passed });
    const anna = await world.connect("anna");
    const streams = Array.from({ length: 50 }, () => anna.open({ type: "listTopics" }));
    await turns();
    open.open();
    for (const stream of streams) await stream.next("topicList");
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });
});
