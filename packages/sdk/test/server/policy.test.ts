import { RedRoomServer } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport } from "@redroom/sdk/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import { parseLeaf } from "../../src/evidence/leaf.ts";
import { unpackEntry } from "../../src/protocol/entry-body.ts";
import type { Message, MessageOf } from "../../src/protocol/messages.ts";
import { PASSWORD, RawClient, type RawStream } from "./raw-client.ts";

/*
 * Every role set × administrator or not × member or not × kind of topic, over the wire of a real server: what each operation
 * leads to, cell by cell, against the tables below. They are written by hand from R12, and share nothing with the policy.
 */

const ROLES = ["interviewer", "interviewee", "archivist", "legal", "superuser"] as const;
type Role = (typeof ROLES)[number];

/** R12, by hand. */
const MAY: Readonly<Record<string, readonly Role[]>> = {
  ask: ["interviewer", "superuser"],
  answer: ["interviewee", "superuser"],
  note: ["superuser"],
  close: ["superuser"],
  read: ["interviewer", "interviewee", "archivist", "legal", "superuser"],
  readOthers: ["archivist", "legal", "superuser"],
  query: ["legal", "superuser"],
};

interface Subject {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly admin: boolean;
  readonly member: boolean;
  readonly regulated: boolean;
}

const roleSets: readonly (readonly Role[])[] = Array.from({ length: 2 ** ROLES.length }, (_, bits) =>
  ROLES.filter((_role, index) => bits & (1 << index)),
);

/** A member has one role at least: without any, one is none. */
const subjects: readonly Subject[] = [true, false].flatMap((admin) =>
  [true, false].flatMap((regulated) =>
    roleSets.flatMap((roles, index) => {
      const name = `${admin ? "admin" : "user"}-${regulated ? "regulated" : "plain"}-${index}`;
      return [{ name, roles, admin, member: roles.length > 0, regulated }];
    }),
  ),
);

const may = ({ roles, admin }: Subject, what: string): boolean =>
  !admin && roles.some((role) => MAY[what]?.includes(role));

/** What everybody else has put into the topic before, by name. */
const SCENE = ["toMe", "toAll", "toOther", "noteToMe", "noteToAll", "noteToOther"] as const;
type Scene = Readonly<Record<(typeof SCENE)[number], number>>;

const transport = memoryTransport();
const store = memoryStore();
let server: RedRoomServer;
let address: string;
const clients = new Map<string, RawClient>();

async function clientOf(name: string): Promise<RawClient> {
  const known = clients.get(name);
  if (known !== undefined) return known;
  const client = await RawClient.dial(transport, address);
  await client.login(name);
  clients.set(name, client);
  return client;
}

beforeAll(async () => {
  await store.open();
  server = new RedRoomServer({
    store,
    transport,
    heartbeatMs: 3_600_000, // raw clients show no sign of life, however slow the machine is
    authenticate: async ({ name, password }) => {
      if (password !== PASSWORD) throw new Error("a test that mistypes");
      return { id: name, name, admin: name.startsWith("admin") };
    },
  });
  ({ address } = await server.listen());
});

afterAll(async () => {
  for (const { connection } of clients.values()) connection.close();
  await server.close({ drainMs: 0 });
});

/** A topic with the subject in it, where otto and olga have said something to everybody, to the subject and to each other. */
async function sceneOf(
  subject: Subject,
): Promise<{ readonly title: string; readonly id: string; readonly scene: Scene }> {
  const { name, roles, regulated, member } = subject;
  const title = `Topic of ${name}`;
  const { id } = await server.createTopic(title, { regulated });
  for (const other of ["otto", "olga"]) await server.setRoles(title, { id: other, name: other }, ["superuser"]);
  // The application may let in whom it likes; what an administrator sees is the policy's business.
  if (member) await server.setRoles(title, { id: name, name }, roles);
  const people = [...(await store.people(id))];
  const pseudonymOf = (wanted: string) => people.find(([, { name: called }]) => called === wanted)?.[0] ?? "";
  const otto = await (await clientOf("otto")).openTopic(title);
  const say = async (kind: "question" | "note", to: string | undefined): Promise<number> => {
    if (to === "") return 0;
    const id = randomId();
    otto.send({ type: "publish", id, kind, ...(to !== undefined && { to: [to] }), body: utf8(`${kind}, a secret`) });
    return (await otto.next("ack")).seq;
  };
  const [me, olga] = [pseudonymOf(name), pseudonymOf("olga")];
  const scene = {
    toMe: await say("question", me),
    toAll: await say("question", undefined),
    toOther: await say("question", olga),
    noteToMe: await say("note", me),
    noteToAll: await say("note", undefined),
    noteToOther: await say("note", olga),
  };
  otto.channel.end();
  await otto.ended();
  return { title, id, scene };
}

/** The code of the answer; `ok` where there is none. */
async function outcome(stream: RawStream): Promise<string> {
  await stream.ended();
  const failure = stream.received.find((message): message is MessageOf<"error"> => message.type === "error");
  return failure?.code ?? "ok";
}

async function asked(
  client: RawClient,
  request: Message,
): Promise<{ readonly code: string; readonly stream: RawStream }> {
  const stream = client.open(request);
  stream.channel.end();
  return { code: await outcome(stream), stream };
}

/** What the client sees of each entry, by seq. */
function seen(received: readonly Message[], first: number): Map<number, string> {
  const entries = new Map<number, string>();
  for (const message of received) {
    if (message.type === "entry" || message.type === "placeholder" || message.type === "sealed") {
      entries.set(first + entries.size, message.type === "entry" ? "full" : message.type);
    }
  }
  return entries;
}

/** Of entries that were listed one by one. */
const seqsOf = (received: readonly Message[]): number[] =>
  received
    .filter((message): message is MessageOf<"entry"> => message.type === "entry")
    .map((message) => parseLeaf(unpackEntry(message).leaf)?.seq ?? 0);

const NOWHERE = "NOT_ALLOWED";

describe.each(subjects)("$name: $roles, administrator: $admin, regulated: $regulated", (subject) => {
  it("may do exactly what the table says, and what is forbidden leaves no trace", async () => {
    const { title, id, scene } = await sceneOf(subject);
    const client = await clientOf(subject.name);
    const head = async (): Promise<number> => (await store.findTopic({ id }))?.head.seq ?? 0;
    const before = await head();
    const people = (await store.people(id)).size;
    const reads = may(subject, "read");
    const sees = (what: keyof Scene): boolean =>
      reads && scene[what] > 0 && (!what.endsWith("Other") || may(subject, "readOthers"));

    // Reading along.
    const reading = client.open({ type: "openTopic", title, from: 1 });
    const expected = reads ? "topicOpened" : "error";
    await reading.next(expected);
    if (reads) {
      await reading.next("checkpoint");
      const shown = seen(reading.received, 1);
      for (const what of SCENE) {
        if (scene[what] > 0) expect(shown.get(scene[what]), what).toBe(sees(what) ? "full" : "placeholder");
      }
      reading.channel.end();
    } else {
      expect(reading.received).toEqual([expect.objectContaining({ type: "error", code: NOWHERE })]);
    }
    expect(await outcome(reading)).toBe(reads ? "ok" : NOWHERE);

    // Requests about the topic.
    const history = await asked(client, { type: "readHistory", topic: id, from: 1, limit: 500 });
    expect(history.code, "readHistory").toBe(may(subject, "query") ? "ok" : NOWHERE);
    if (history.code === "ok") {
      const shown = seen(history.stream.received, 1);
      for (const what of SCENE) {
        if (scene[what] > 0) expect(shown.get(scene[what]), what).toBe(sees(what) ? "full" : "placeholder");
      }
    }
    const proof = await asked(client, { type: "proveEntry", topic: id, seq: 1 });
    expect(proof.code, "proveEntry").toBe(reads ? "ok" : NOWHERE);
    const consistency = await asked(client, { type: "proveConsistency", topic: id, first: 1, second: 2 });
    expect(consistency.code, "proveConsistency").toBe(reads ? "ok" : NOWHERE);
    const questions = await asked(client, { type: "listQuestions", topic: id, limit: 100 });
    expect(questions.code, "listQuestions").toBe(reads ? "ok" : NOWHERE);
    const listed = (["toMe", "toAll", "toOther"] as const).filter(sees).map((what) => scene[what]);
    expect(seqsOf(questions.stream.received)).toEqual(listed);
    const search = await asked(client, { type: "search", topic: id, text: "secret", newestFirst: false, limit: 100 });
    expect(search.code, "search").toBe(may(subject, "query") ? "ok" : NOWHERE);
    const found = search.code === "ok" ? SCENE.filter(sees).map((what) => scene[what]) : [];
    expect(seqsOf(search.stream.received), "search").toEqual(found);
    const takesPart = reads || may(subject, "ask") || may(subject, "answer") || may(subject, "note");
    const prepared = await asked(client, { type: "listPrepared", topic: id });
    expect(prepared.code, "listPrepared").toBe(takesPart ? "ok" : NOWHERE);
    const claimed = await asked(client, { type: "claimCursor", topic: id, name: "place" });
    expect(claimed.code, "claimCursor").toBe(reads ? "ok" : NOWHERE);
    const save = { type: "saveCursor", topic: id, name: "place", epoch: 1, number: 1, body: utf8("7") } as const;
    expect((await asked(client, save)).code, "saveCursor").toBe(reads ? "ok" : NOWHERE);
    const dropped = await asked(client, { type: "dropCursor", topic: id, name: "place" });
    expect(dropped.code, "dropCursor").toBe(reads ? "ok" : NOWHERE);
    for (const what of SCENE.filter((one) => scene[one] > 0)) {
      const deliveries = await asked(client, { type: "listDeliveries", topic: id, seq: scene[what] });
      expect(deliveries.code, `listDeliveries ${what}`).toBe(sees(what) ? "ok" : NOWHERE);
    }

    // The list of topics: with a count only for those who read.
    const list = await asked(client, { type: "listTopics" });
    const topics: MessageOf<"topicList">["topics"] = [];
    for (let page = list.stream; ; ) {
      const answer = page.received.find((message): message is MessageOf<"topicList"> => message.type === "topicList");
      topics.push(...(answer?.topics ?? []));
      if (answer?.more !== true) break;
      page = (await asked(client, { type: "listTopics", after: topics.at(-1)?.id ?? "" })).stream;
    }
    const shown = topics.find((topic) => topic.id === id);
    if (subject.admin) expect(shown?.head).toBe(0);
    else expect(shown?.head).toBe(subject.member ? before : undefined);
    if (!subject.admin) expect(topics.every((topic) => topic.title === title)).toBe(true);

    // Administration.
    const created = await asked(client, {
      type: "createTopic",
      title: `By ${subject.name}`,
      regulated: false,
      members: [],
    });
    expect(created.code, "createTopic").toBe(subject.admin ? "ok" : NOWHERE);
    // This server has no users of its own, which only an administrator gets to know.
    const given = await asked(client, { type: "setRoles", topic: id, user: "olga", roles: [] });
    expect(given.code, "setRoles").toBe(subject.admin ? "USER_UNKNOWN" : NOWHERE);
    const strange = await asked(client, { type: "setRoles", topic: randomId(), user: "olga", roles: [] });
    expect(strange.code, "setRoles elsewhere").toBe(subject.admin ? "USER_UNKNOWN" : NOWHERE);

    // A topic that is not there looks the same as one that is none of theirs.
    const nowhere = await asked(client, { type: "openTopic", title: "There is no such topic", from: 1 });
    expect(nowhere.code).toBe(subject.admin ? "TOPIC_UNKNOWN" : NOWHERE);

    expect(await head()).toBe(before);
    expect((await store.people(id)).size).toBe(people);

    // Writing.
    const writes = ["ask", "answer", "note", "read"].some((what) => may(subject, what));
    const writing = client.open({ type: "openTopic", title });
    await writing.next(writes ? "topicOpened" : "error");
    if (!writes) {
      expect(writing.received).toEqual([expect.objectContaining({ type: "error", code: NOWHERE })]);
      writing.send({ type: "publish", id: randomId(), kind: "note", body: utf8("all the same") });
      expect(await head()).toBe(before);
      return;
    }
    const attempt = async (
      wish: Omit<MessageOf<"publish">, "type" | "id" | "body">,
      allowed: boolean,
    ): Promise<number> => {
      const length = await head();
      writing.send({ type: "publish", id: randomId(), ...wish, body: utf8("a text") });
      const answer = await writing.next("ack", "refused");
      const what = JSON.stringify(wish);
      expect(answer.type, what).toBe(allowed ? "ack" : "refused");
      if (answer.type === "ack") {
        expect(await head()).toBeGreaterThan(length);
        return answer.seq;
      }
      expect(answer.code, what).toBe(NOWHERE);
      expect(await head(), what).toBe(length);
      return 0;
    };
    const mine = await attempt({ kind: "question" }, may(subject, "ask"));
    const note = await attempt({ kind: "note" }, may(subject, "note"));
    await attempt({ kind: "answer", re: scene.toAll }, may(subject, "answer"));
    await attempt({ kind: "answer", re: scene.toMe }, may(subject, "answer"));
    // It was put to somebody else, whether it can be seen or not.
    await attempt({ kind: "answer", re: scene.toOther }, false);
    for (const what of ["toAll", "noteToAll", "noteToOther"] as const) {
      await attempt({ kind: "correction", re: scene[what] }, false);
    }
    await attempt({ kind: "withdrawal", re: scene.toOther }, false);
    await attempt({ kind: "closing", re: scene.toOther }, may(subject, "close"));
    if (mine > 0) {
      await attempt({ kind: "correction", re: mine }, true);
      await attempt({ kind: "answer", re: mine }, false);
      await attempt({ kind: "withdrawal", re: mine }, true);
    }
    if (note > 0) await attempt({ kind: "correction", re: note }, true);
    await attempt({ kind: "question", re: scene.noteToOther }, may(subject, "ask") && sees("noteToOther"));
    writing.channel.end();
    expect(await outcome(writing)).toBe("ok");
  });
});
