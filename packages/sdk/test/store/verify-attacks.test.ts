import { readFile, writeFile } from "node:fs/promises";
import { RedRoomClient, RedRoomError, type RedRoomErrorCode, RedRoomServer } from "@redroom/sdk";
import { memoryTransport } from "@redroom/sdk/transport";
import type Database from "better-sqlite3";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commit, encodeContent, encodeLeaf, type LeafFields, parseLeaf } from "../../src/evidence/leaf.ts";
import { type LogKey, makeLogKey } from "../../src/evidence/log-key.ts";
import { EMPTY_FRONTIER } from "../../src/evidence/merkle.ts";
import { type StoreFaultKind, sqliteStore, verifyStore } from "../../src/sqlite.ts";
import { grow, signHead } from "../../src/store/signed-tree.ts";
import { newKey, rejectsWith, say } from "../../src/testing/store-entries.ts";
import { everybody } from "../everybody.ts";
import { newRecord } from "./verify-world.ts";

type Row = Awaited<ReturnType<typeof newRecord>>;

/** What an insider does with the file of a server that is stopped, and who finds it. */
interface Attack {
  readonly name: string;
  readonly act: (record: Row, database: Database.Database) => void;
  /** The triggers stay dropped. */
  readonly lastingly?: true;
  /** What `verify` says, with the log key beside the file. */
  readonly verify: StoreFaultKind | undefined;
  /** The entry it names. */
  readonly seq?: number;
  /** What it says with a checkpoint of before, where it says nothing without. */
  readonly checkpoint?: StoreFaultKind;
  /** The error of a client that comes back and reads; none where it sees nothing wrong. */
  readonly client: RedRoomErrorCode | undefined;
}

const TOPIC = "topic = (SELECT topic FROM topics WHERE title = 'Share Deal')";
const at = (seq: number) => `${TOPIC} AND seq = ${seq}`;

/** The leaves of "Share Deal". */
const leavesOf = (database: Database.Database): LeafFields[] =>
  (database.prepare(`SELECT leaf FROM entries WHERE ${TOPIC} ORDER BY seq`).pluck().all() as string[]).map(
    (leaf) => parseLeaf(leaf) as LeafFields,
  );

/** Writes other entries in place of those that are there, with the hashes that belong to them. */
function rewrite(database: Database.Database, change: (leaves: LeafFields[]) => LeafFields[]): void {
  const leaves = change(leavesOf(database)).map((leaf, index) => encodeLeaf({ ...leaf, seq: index + 1 }));
  const { nodes } = grow(EMPTY_FRONTIER, leaves);
  const topic = database.prepare(`SELECT topic FROM topics WHERE title = 'Share Deal'`).pluck().get();
  database.exec(`DELETE FROM entries WHERE ${TOPIC}`);
  const add = database.prepare("INSERT INTO entries (topic, seq, leaf, nodes) VALUES (?, ?, ?, ?)");
  for (const [index, leaf] of leaves.entries()) add.run(topic, index + 1, leaf, nodes[index]);
}

const setText = (database: Database.Database, seq: number, text: string): string => {
  const content = encodeContent(text);
  database.prepare(`UPDATE contents SET content = ? WHERE ${at(seq)}`).run(content);
  const salt = database
    .prepare(`SELECT salt FROM contents WHERE ${at(seq)}`)
    .pluck()
    .get() as Uint8Array;
  return commit(salt, content);
};

const rewriteText = (database: Database.Database): void => {
  const commitment = setText(database, 1, "I never said that");
  rewrite(database, (leaves) => leaves.map((leaf) => (leaf.seq === 1 ? { ...leaf, commitment } : leaf)));
};

/** Signs the head with a key that the insider has. */
function sign(database: Database.Database, { topic }: Row, key: LogKey, number: number | bigint): void {
  const leaves = leavesOf(database);
  const { frontier } = grow(EMPTY_FRONTIER, leaves.map(encodeLeaf));
  const add = database.prepare("INSERT INTO checkpoints SELECT topic, ?, ?, ? FROM topics WHERE title = 'Share Deal'");
  add.run(leaves.length, number, signHead(topic.id, frontier, key));
}

function signAll(database: Database.Database, key: LogKey): void {
  const topics = database.prepare("SELECT topic, id FROM topics").all() as { topic: number; id: string }[];
  const leavesIn = database.prepare("SELECT leaf FROM entries WHERE topic = ? ORDER BY seq").pluck();
  const add = database.prepare("INSERT INTO checkpoints (topic, size, log_key, note) VALUES (?, ?, 1, ?)");
  for (const { topic, id } of topics) {
    const { frontier } = grow(EMPTY_FRONTIER, leavesIn.all(topic) as string[]);
    add.run(topic, frontier.size, signHead(id, frontier, key));
  }
}

const forgetHeads = (database: Database.Database): void => {
  database.exec(`DELETE FROM checkpoints WHERE ${TOPIC}`);
};

function addEntry({ anna }: Row, database: Database.Database): void {
  const salt = Buffer.alloc(32, 7);
  const content = encodeContent("I also said that");
  const leaves = leavesOf(database);
  const [first] = leaves as [LeafFields];
  const seq = leaves.length + 1;
  const forged = encodeLeaf({ ...first, seq, id: "forged", by: anna, commitment: commit(salt, content) });
  const nodes = grow(EMPTY_FRONTIER, [...leaves.map(encodeLeaf), forged]).nodes.at(-1);
  const topic = database.prepare("SELECT topic FROM topics WHERE title = 'Share Deal'").pluck().get();
  database.prepare("INSERT INTO entries (topic, seq, leaf, nodes) VALUES (?, ?, ?, ?)").run(topic, seq, forged, nodes);
  database.prepare("INSERT INTO contents VALUES (?, ?, ?, ?)").run(topic, seq, content, salt);
}

const cutTail = (database: Database.Database, size: number): void => {
  for (const table of ["contents", "entries"]) database.exec(`DELETE FROM ${table} WHERE ${TOPIC} AND seq > ${size}`);
};

const ATTACKS: readonly Attack[] = [
  {
    name: "change a text",
    act: (_record, database) => setText(database, 1, "I never said that"),
    verify: "content",
    seq: 1,
    client: "PROTOCOL_ERROR",
  },
  {
    name: "change a text, and its commitment in the leaf",
    act: (_record, database) => {
      const commitment = setText(database, 1, "I never said that");
      const [leaf] = leavesOf(database);
      const changed = encodeLeaf({ ...(leaf as LeafFields), commitment });
      database.prepare(`UPDATE entries SET leaf = ? WHERE ${at(1)}`).run(changed);
    },
    verify: "checkpoint",
    seq: 1,
    client: "LOG_FORK",
  },
  {
    name: "change a text, its commitment, and all stored hashes",
    act: (_record, database) => rewriteText(database),
    verify: "checkpoint",
    seq: 1,
    client: "LOG_FORK",
  },
  {
    name: "change the time in a leaf",
    act: (_record, database) =>
      database.exec(`UPDATE entries SET leaf = json_set(leaf, '$.at', at - 3600000) WHERE ${at(4)}`),
    verify: "tree",
    seq: 4,
    client: "LOG_FORK",
  },
  {
    name: "change the author in a leaf, and all stored hashes",
    act: ({ bernd }, database) =>
      rewrite(database, (leaves) => leaves.map((leaf) => (leaf.seq === 3 ? { ...leaf, by: bernd } : leaf))),
    verify: "checkpoint",
    seq: 3,
    client: "LOG_FORK",
  },
  {
    name: "remove a text without an erasure on record",
    act: (_record, database) => database.exec(`DELETE FROM contents WHERE ${at(1)}`),
    verify: "content",
    seq: 1,
    client: undefined,
  },
  {
    name: "delete an entry",
    act: (_record, database) => {
      for (const table of ["contents", "entries"]) database.exec(`DELETE FROM ${table} WHERE ${at(3)}`);
    },
    verify: "gap",
    seq: 3,
    client: "PROTOCOL_ERROR",
  },
  {
    name: "delete an entry, number the others again, and redo all stored hashes",
    act: (_record, database) => {
      database.exec(`DELETE FROM contents WHERE ${at(3)}`);
      rewrite(database, (leaves) => leaves.filter(({ seq }) => seq !== 3));
      database.exec(`UPDATE contents SET seq = seq - 1 WHERE ${TOPIC} AND seq > 3`);
    },
    verify: "checkpoint",
    seq: 3,
    client: "INTERNAL",
  },
  {
    name: "swap two entries",
    act: (_record, database) => {
      for (const [from, to] of [
        [1, -1],
        [3, 1],
        [-1, 3],
      ]) {
        for (const table of ["contents", "entries"]) {
          const leaf = table === "entries" ? `, leaf = json_set(leaf, '$.seq', ${to})` : "";
          database.exec(`UPDATE ${table} SET seq = ${to} ${leaf} WHERE ${at(from as number)}`);
        }
      }
    },
    verify: "checkpoint",
    seq: 1,
    client: "LOG_FORK",
  },
  {
    name: "insert an entry in between, and redo all stored hashes",
    act: ({ anna }, database) => {
      rewrite(database, ([first, ...others]) => {
        const forged = { ...(first as LeafFields), id: "forged", by: anna };
        return [first as LeafFields, forged, ...others];
      });
    },
    verify: "checkpoint",
    seq: 2,
    client: "INTERNAL",
  },
  {
    name: "cut the tail off",
    act: (_record, database) => cutTail(database, 4),
    // The newest entry was an erasure; what it erased is still missing.
    verify: "content",
    seq: 2,
    client: "INTERNAL",
  },
  {
    name: "cut the tail off, with its checkpoints",
    act: (_record, database) => {
      forgetWords(database, 2);
      cutTail(database, 1);
      database.exec(`DELETE FROM checkpoints WHERE ${TOPIC} AND size > 1`);
    },
    verify: undefined,
    checkpoint: "rewritten",
    client: "LOG_FORK",
  },
  {
    name: "add an entry at the end, which the triggers let through",
    act: addEntry,
    verify: "checkpoint",
    seq: 6,
    client: "INTERNAL",
  },
  {
    name: "add an entry at the end, with a signature that is none",
    act: (record, database) => {
      addEntry(record, database);
      sign(database, record, makeLogKey(), 1);
    },
    verify: "checkpoint",
    seq: 6,
    client: "PROTOCOL_ERROR",
  },
  {
    name: "rewrite the topic, and remove its checkpoints",
    act: (_record, database) => {
      rewriteText(database);
      forgetHeads(database);
    },
    verify: "checkpoint",
    seq: 5,
    checkpoint: "rewritten",
    client: "INTERNAL",
  },
  {
    name: "rewrite the topic, and sign it with another key, which is added to the file",
    act: (record, database) => {
      rewriteText(database);
      forgetHeads(database);
      const key = makeLogKey();
      const { lastInsertRowid } = database.prepare("INSERT INTO log_keys (public_key) VALUES (?)").run(key.publicKey);
      sign(database, record, key, lastInsertRowid);
    },
    verify: "checkpoint",
    seq: 5,
    checkpoint: "rewritten",
    client: "INTERNAL",
  },
  {
    name: "rewrite the topic, and sign it with a key that takes the place of ours",
    act: (record, database) => {
      rewriteText(database);
      forgetHeads(database);
      const key = makeLogKey();
      database.prepare("UPDATE log_keys SET public_key = ?").run(key.publicKey);
      sign(database, record, key, 1);
    },
    verify: "key",
    client: "RECORD_DAMAGED",
  },
  {
    name: "rewrite the topic, and sign all topics with a key that takes the place of ours",
    act: (_record, database) => {
      rewriteText(database);
      database.exec("DELETE FROM checkpoints");
      const key = makeLogKey();
      database.prepare("UPDATE log_keys SET public_key = ?").run(key.publicKey);
      signAll(database, key);
    },
    verify: "key",
    client: "LOG_FORK",
  },
  {
    name: "rewrite the topic, and remove its checkpoints and all keys, so that ours signs anew",
    act: (_record, database) => {
      rewriteText(database);
      database.exec("DELETE FROM checkpoints");
      database.exec("DELETE FROM log_keys");
    },
    verify: "key",
    client: "RECORD_DAMAGED",
  },
  {
    name: "add a key to the file, which the triggers let through",
    act: (_record, database) => {
      database.prepare("INSERT INTO log_keys (public_key) VALUES (?)").run(makeLogKey().publicKey);
    },
    verify: "key",
    client: undefined,
  },
  {
    name: "remove a signed head that is not the newest",
    act: (_record, database) => database.exec(`DELETE FROM checkpoints WHERE ${TOPIC} AND size = 2`),
    verify: undefined,
    client: undefined,
  },
  {
    name: "drop a trigger",
    act: (_record, database) => database.exec("DROP TRIGGER entries_update"),
    lastingly: true,
    verify: "schema",
    client: undefined,
  },
  {
    name: "remove a topic",
    act: (_record, database) => {
      forgetWords(database, 1);
      const beside = [
        "memberships",
        "question_states",
        "sealed_answers",
        "received",
        "prepared",
        "cursors",
        "dropped_cursors",
      ];
      for (const table of [...beside, "contents", "checkpoints", "entries", "pseudonyms", "topics"]) {
        database.exec(`DELETE FROM ${table} WHERE ${TOPIC}`);
      }
    },
    verify: undefined,
    checkpoint: "rewritten",
    client: "TOPIC_UNKNOWN",
  },
  {
    name: "give a topic another title, or a person another name",
    act: (_record, database) => {
      database.exec("UPDATE topics SET title = 'Asset  Deal' WHERE title = 'Asset Deal'");
      database.exec("UPDATE people SET name = 'Someone else' WHERE id = 'anna-id'");
    },
    verify: undefined,
    client: undefined,
  },
];

/** Takes the topic's entries from this one on out of the index of words, which would show that there was more. */
function forgetWords(database: Database.Database, from: number): void {
  for (let seq = from; seq < 100; seq += 1) {
    database.exec(`DELETE FROM search WHERE rowid = (SELECT topic << 32 | ${seq} FROM topics WHERE ${TOPIC})`);
  }
}

/** Comes back to the topic with what it verified before. @returns The client's error, or that of a server that does not start. */
async function comeBack({ file, topic, checkpoint }: Row): Promise<RedRoomErrorCode | undefined> {
  const transport = memoryTransport();
  const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
  await using server = new RedRoomServer({ store: sqliteStore(file), transport, authenticate, policy: everybody });
  const listening = await server.listen().catch((error: unknown) => error as RedRoomError);
  if (listening instanceof RedRoomError) return listening.code;
  const { address } = listening;
  const trusted = new Map([[topic.id, checkpoint]]);
  const auth = { name: "anna", password: "any" };
  await using client = await RedRoomClient.connect(address, { auth, transport, trusted });
  try {
    await client.topic(topic.title).history();
    return undefined;
  } catch (error) {
    return (error as RedRoomError).code;
  }
}

/** What `verify` says first, without and with the earlier checkpoint. */
async function verifyBoth({ file, checkpoint }: Row) {
  const [without, held] = [await verifyStore(file), await verifyStore(file, { checkpoints: [checkpoint] })];
  return { without: without.faults[0], held: held.faults[0] };
}

let record: Row;
beforeAll(async () => {
  record = await newRecord();
});
afterAll(() => record[Symbol.asyncDispose]());
// Everybody attacks the same record.
let before: Buffer;
beforeAll(async () => {
  before = await readFile(record.file);
});
beforeEach(() => writeFile(record.file, before));

describe("an insider who knows SQL, with the file of a stopped server:", () => {
  it.each(ATTACKS)("$name", async ({ act, lastingly, verify, seq, checkpoint, client }) => {
    expect(await verifyBoth(record)).toEqual({ without: undefined, held: undefined });
    if (lastingly) record.attack((database) => act(record, database));
    else record.attackBehindTriggers((database) => act(record, database));

    const { without, held } = await verifyBoth(record);

    expect({ kind: without?.kind, seq: without?.seq }).toEqual({ kind: verify, seq });
    expect(held?.kind).toBe(checkpoint ?? verify);
    expect(await comeBack(record)).toBe(client);
  });

  it("restore yesterday's file", async () => {
    const store = sqliteStore(record.file);
    await store.open();
    await say(store, record.topic.id, "since yesterday", newKey(record.anna));
    const checkpoint = (await store.checkpoint(record.topic.id)) ?? "";
    await store.close();
    await writeFile(record.file, before);

    const later = { ...record, checkpoint };
    expect(await verifyBoth(later)).toEqual({
      without: undefined,
      held: {
        topic: "Share Deal",
        seq: 6,
        kind: "rewritten",
        message: "the end is missing: the checkpoint given is of 6 entries, 5 are there",
      },
    });
    expect(await comeBack(later)).toBe("LOG_FORK");
  });

  it("a topic rewritten with another key: a copy without our key's file shows it to an earlier checkpoint only", async () => {
    const attack = ATTACKS.find(({ name }) => name.includes("another key"));
    record.attackBehindTriggers((database) => attack?.act(record, database));
    const copy = { ...record, file: await record.copy("copy.db") };

    expect(await verifyBoth(copy)).toMatchObject({ without: undefined, held: { kind: "rewritten", seq: 5 } });
  });

  it.each(ATTACKS.filter(({ name }) => name.startsWith("add an entry")))(
    "$name: no server signs on top of it",
    async ({ act }) => {
      record.attack((database) => act(record, database));
      const store = sqliteStore(record.file);
      await store.open();
      await rejectsWith("RECORD_DAMAGED", say(store, record.topic.id, "on top", newKey(record.anna)));
      await say(store, record.other.id, "elsewhere");
      await store.close();
    },
  );

  it("are in the documentation, row by row", async () => {
    const page = await readFile(new URL("../../../../docs/evidence-attacks.md", import.meta.url), "utf8");
    const cell = (code: string | undefined) => (code === undefined ? "–" : `\`${code}\``);
    for (const { name, verify, checkpoint, client } of ATTACKS) {
      const row = [name, cell(verify), cell(checkpoint ?? verify), cell(client)].join(" | ");
      expect(page).toContain(`| ${row} |`);
    }
  });
});
