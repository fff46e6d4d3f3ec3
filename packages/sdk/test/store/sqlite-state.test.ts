import { writeFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LeafFields } from "../../src/evidence/leaf.ts";
import { formatLogKey, makeLogKey } from "../../src/evidence/log-key.ts";
import { EMPTY_FRONTIER } from "../../src/evidence/merkle.ts";
import { sqliteStore, verifyStore } from "../../src/sqlite.ts";
import { grow, signHead } from "../../src/store/signed-tree.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/store/sqlite/schema.ts";
import { SqliteState } from "../../src/store/sqlite/sqlite-state.ts";
import type { TopicStore } from "../../src/store/topic-store.ts";
import { draftOf, newKey, newTopic, say, textsOf } from "../../src/testing/store-entries.ts";
import { queryPlans } from "./query-plans.ts";
import { newFolder, openStore } from "./sqlite-files.ts";

type Step = Partial<LeafFields> & { readonly by: string };

function write(store: TopicStore, topic: string, step: Step, text = "legal") {
  const key = newKey(step.by);
  return store.append(topic, key, (head) => [draftOf(topic, key, head, text, step)]);
}

describe("the tables of a topic's state", () => {
  let world: Awaited<ReturnType<typeof openStore>>;
  let database: Database.Database;

  beforeAll(async () => {
    world = await openStore();
    const { store } = world;
    const { id } = await newTopic(store, "Regulated", true);
    const steps: Step[] = [
      { by: "anna", kind: "membership", to: ["anna"] },
      { by: "anna", kind: "question", asked: ["bernd", "carla"] },
      { by: "bernd", kind: "answer", to: ["anna"], re: 2 },
      { by: "anna", kind: "question", asked: ["bernd"] },
      { by: "bernd", kind: "note" },
    ];
    for (const step of steps) await write(store, id, step);
    const plain = await newTopic(store, "Plain");
    await write(store, plain.id, { by: "anna", kind: "question" });
    await write(store, plain.id, { by: "bernd", kind: "answer", re: 1 });
    await world.store.close();
    database = new Database(world.file);
    database.pragma("foreign_keys = ON");
    // Entries that change nothing until somebody writes what they would change.
    for (const name of ["entries_insert", "contents_insert"]) database.exec(`DROP TRIGGER ${name}`);
    const add = (seq: number, step: Step, text = "legal") => {
      const { leaf, content, salt } = draftOf(id, newKey(step.by), { seq: seq - 1 }, text, step);
      database.prepare("INSERT INTO entries (topic, seq, leaf, nodes) VALUES (1, ?, ?, x'')").run(seq, leaf);
      database.prepare("INSERT INTO contents VALUES (1, ?, ?, ?)").run(seq, content, salt);
    };
    add(6, { by: "anna", kind: "membership", to: ["bernd"] }, "archivist");
    add(7, { by: "anna", kind: "withdrawal", re: 4 });
    add(8, { by: "anna", kind: "reveal", to: ["anna"], re: 3 });
    add(9, { by: "carla", kind: "answer", to: ["anna"], re: 2 });
    add(10, { by: "bernd", kind: "correction", to: ["anna"], re: 3 });
    add(11, { by: "anna", kind: "question", asked: ["bernd"] });
  });

  afterAll(async () => {
    database.close();
    await world[Symbol.asyncDispose]();
  });

  const refused: Readonly<Record<string, readonly [sql: string, reason: string]>> = {
    "a member without an entry": ["INSERT INTO memberships VALUES (1, 'carla', 'legal', 1)", "on record says"],
    "a member by an entry of another kind": [
      "INSERT INTO memberships VALUES (1, 'anna ', 'legal', 5)",
      "on record says",
    ],
    "a member with other roles": ["INSERT INTO memberships VALUES (1, 'bernd', 'superuser', 6)", "on record says"],
    "other roles by a membership of somebody else": [
      "UPDATE memberships SET roles = 'archivist', entry = 6 WHERE pseudonym = 'anna'",
      "on record says",
    ],
    "other roles by the same membership": ["UPDATE memberships SET roles = 'superuser'", "never changed"],
    "a question that is none": ["INSERT INTO question_states VALUES (1, 5, 'open', NULL, 5)", "as its entry"],
    "a question that is answered from the start": [
      "INSERT INTO question_states VALUES (1, 11, 'answered', NULL, 11)",
      "as its entry",
    ],
    "a question that asks others": [
      `INSERT INTO question_states VALUES (1, 11, 'open', '["anna"]', 11)`,
      "as its entry",
    ],
    "an answer to another question": [
      "UPDATE question_states SET state = 'answered', asked = NULL, entry = 9 WHERE topic = 1 AND seq = 4",
      "on record says",
    ],
    "one less to answer, who is another": [
      `UPDATE question_states SET asked = '["carla"]', entry = 9 WHERE topic = 1 AND seq = 2`,
      "on record says",
    ],
    "a withdrawal of another question": [
      "UPDATE question_states SET state = 'withdrawn', asked = NULL, entry = 7 WHERE topic = 1 AND seq = 2",
      "on record says",
    ],
    "a withdrawal as a closing": [
      "UPDATE question_states SET state = 'closed', asked = NULL, entry = 7 WHERE topic = 1 AND seq = 4",
      "on record says",
    ],
    "a question that is open again": [
      "UPDATE question_states SET state = 'open', entry = 3 WHERE topic = 2",
      "stays as it is",
    ],
    "an answer that is sealed for another": [
      "INSERT INTO sealed_answers VALUES (1, 9, 'bernd', 9, NULL)",
      "one on record",
    ],
    "an answer that is sealed since another": [
      "INSERT INTO sealed_answers VALUES (1, 9, 'anna', 3, NULL)",
      "one on record",
    ],
    "an answer that was revealed from the start": [
      "INSERT INTO sealed_answers VALUES (1, 9, 'anna', 9, 8)",
      "one on record",
    ],
    "a note that is sealed": ["INSERT INTO sealed_answers VALUES (1, 5, 'anna', 5, NULL)", "one on record"],
    "a correction that is sealed for another": [
      "INSERT INTO sealed_answers VALUES (1, 10, 'carla', 3, NULL)",
      "one on record",
    ],
    "an answer of a topic that is not regulated": [
      "INSERT INTO sealed_answers VALUES (2, 2, '', 2, NULL)",
      "regulated topic",
    ],
    "a reveal by a note": ["UPDATE sealed_answers SET revealed = 5", "revealed by an entry"],
    "another reader": ["UPDATE sealed_answers SET reader = 'carla', revealed = 8", "but by its reveal"],
  };
  for (const [what, [sql, reason]] of Object.entries(refused)) {
    it(`refuse ${what}`, () => {
      expect(() => database.exec(sql)).toThrow(reason);
    });
  }

  const accepted: readonly string[] = [
    "INSERT INTO memberships VALUES (1, 'bernd', 'archivist', 6)",
    "UPDATE question_states SET state = 'withdrawn', asked = NULL, entry = 7 WHERE topic = 1 AND seq = 4",
    "UPDATE question_states SET state = 'answered', asked = NULL, entry = 9 WHERE topic = 1 AND seq = 2",
    `INSERT INTO question_states VALUES (1, 11, 'open', '["bernd"]', 11)`,
    "INSERT INTO sealed_answers VALUES (1, 9, 'anna', 9, NULL)",
    "INSERT INTO sealed_answers VALUES (1, 10, 'anna', 3, NULL)",
    "UPDATE sealed_answers SET revealed = 8 WHERE topic = 1 AND seq = 3",
  ];
  it("take what the entries do say", () => {
    database.exec("BEGIN");
    for (const sql of accepted) database.exec(sql);
    database.exec("ROLLBACK");
  });
});

describe("a store beside another on the same file", () => {
  it("builds again on the state that the other has left", async () => {
    await using world = await openStore();
    const other = await world.another();
    const { id } = await newTopic(world.store, "Regulated", true);
    await write(world.store, id, { by: "anna", kind: "membership", to: ["anna"] });
    await write(other, id, { by: "anna", kind: "question", asked: ["bernd"] });
    const seen: (readonly [seq: number, members: number, open: number])[] = [];
    const key = newKey("bernd");
    const { head } = await world.store.append(id, key, ({ seq, state }) => {
      seen.push([seq, state.members.size, state.open.size]);
      return [draftOf(id, key, { seq }, "answer", { kind: "answer", to: ["anna"], re: 2 })];
    });
    expect(seen).toEqual([
      [1, 1, 0],
      [2, 1, 1],
    ]);
    const sealed = new Map([[3, { by: "bernd", reader: "anna", since: 3 }]]);
    expect(head).toMatchObject({ seq: 3, state: { sealed, open: new Map() } });
    expect(await other.head(id)).toEqual(head);
    expect(await world.store.head(id)).toEqual(head);
  });
});

describe("a file from before there were states", () => {
  it("gets them computed from its entries, and is verified", async () => {
    await using folder = await newFolder();
    const old = new Database(folder.file);
    old.pragma(`application_id = ${APPLICATION_ID}`);
    old.exec(MIGRATIONS[0] ?? "");
    old.pragma("user_version = 1");
    const id = "AAAAAAAAAAAAAAAAAAAAAA";
    const steps: Step[] = [
      { by: "anna", kind: "note" },
      { by: "anna", kind: "question" },
      { by: "anna", kind: "question", to: ["bernd"] },
      { by: "bernd", kind: "answer", re: 2 },
      { by: "bernd", kind: "answer", re: 2 },
      { by: "bernd", kind: "answer", re: 7 },
      { by: "anna", kind: "question" },
    ];
    old.prepare("INSERT INTO topics (id, title, created_at) VALUES (?, 'Share Deal', 1)").run(id);
    for (const name of ["anna", "bernd"]) {
      old.prepare("INSERT INTO people VALUES (?, ?)").run(name, name);
      old.prepare("INSERT INTO pseudonyms VALUES (1, ?, ?)").run(name, name);
    }
    const drafts = steps.map((step, at) => draftOf(id, newKey(step.by), { seq: at }, `text ${at + 1}`, step));
    const { nodes } = grow(
      EMPTY_FRONTIER,
      drafts.map(({ leaf }) => leaf),
    );
    for (const [at, { leaf, content, salt }] of drafts.entries()) {
      old.prepare("INSERT INTO entries (topic, seq, leaf, nodes) VALUES (1, ?, ?, ?)").run(at + 1, leaf, nodes[at]);
      old.prepare("INSERT INTO contents VALUES (1, ?, ?, ?)").run(at + 1, content, salt);
    }
    const key = makeLogKey();
    const { frontier } = grow(
      EMPTY_FRONTIER,
      drafts.map(({ leaf }) => leaf),
    );
    old.prepare("INSERT INTO log_keys (public_key) VALUES (?)").run(key.publicKey);
    old.prepare("INSERT INTO checkpoints VALUES (1, 7, 1, ?)").run(signHead(id, frontier, key));
    old.close();
    await writeFile(`${folder.file}.log-key`, formatLogKey(key));

    const store = sqliteStore(folder.file);
    await store.open();
    const questions = await store.questions(id, { limit: 9 });
    expect(questions.map(({ entry, state, asked }) => [entry.seq, state, asked])).toEqual([
      [2, "answered", undefined],
      [3, "open", undefined],
      [7, "open", undefined],
    ]);
    expect(await store.head(id)).toMatchObject({ seq: 7, state: { regulated: false, members: new Map() } });
    await write(store, id, { by: "bernd", kind: "answer", re: 3 });
    await say(store, id, "and on", newKey("anna"));
    expect((await store.questions(id, { state: "open", limit: 9 })).map(({ entry }) => entry.seq)).toEqual([7]);
    expect(await textsOf(store, id)).toHaveLength(9);
    await store.close();
    expect((await verifyStore(folder.file)).faults).toEqual([]);
  });
});

it("finds what is open or sealed by an index, however much was, and sorts nothing", async () => {
  await using world = await openStore();
  const plans = queryPlans(world.file, (database) => new SqliteState(database));
  expect(plans.filter((plan) => plan.includes("TEMP B-TREE"))).toEqual([]);
  const byState = plans.filter((plan) => plan.includes("question_states_by_state"));
  expect(byState).toHaveLength(2);
  expect(byState.join("\n")).toContain("(topic=? AND state=? AND seq>?)");
  expect(plans.join("\n")).toContain("sealed_answers_now");
});
