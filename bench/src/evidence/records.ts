import { randomBytes } from "node:crypto";
import { randomId } from "@redroom/sdk";
import { commit, encodeContent, encodeLeaf, SALT_BYTES } from "@redroom/sdk/evidence";
import { sqliteStore, verifyStore } from "@redroom/sdk/sqlite";
import Database from "better-sqlite3";

/** Who keeps the record: Red Room, or a plain table. */
export type RecordName = "redroom" | "plain";

interface RecordKeeper {
  /** Makes a file with the texts, `perCommit` of them in each transaction. */
  write(file: string, texts: readonly string[], perCommit: number): Promise<void>;
  /** @returns How many entries were found in order. @throws {Error} When something does not hold. */
  verify(file: string): Promise<number>;
}

const TITLE = "Share Deal";

const redroom: RecordKeeper = {
  async write(file, texts, perCommit) {
    const store = sqliteStore(file);
    await store.open();
    const topic = randomId();
    await store.createTopic({ id: topic, title: TITLE, createdAt: Date.now(), regulated: false });
    const by = await store.pseudonym(topic, { id: "anna", name: "Anna" });
    const append = (text: string) => {
      const [id, salt, content] = [randomId(), randomBytes(SALT_BYTES), encodeContent(text)];
      const fields = { topic, id, kind: "note", by, at: Date.now(), commitment: commit(salt, content) } as const;
      return store.append(topic, { author: by, id }, ({ seq }) => [
        { leaf: encodeLeaf({ ...fields, seq: seq + 1 }), content, salt },
      ]);
    };
    for (const together of inParts(texts, perCommit)) await Promise.all(together.map(append));
    await store.close();
  },

  async verify(file) {
    const { faults, entries } = await verifyStore(file);
    if (faults.length > 0) throw new Error(`a fault was found: ${JSON.stringify(faults[0])}`);
    return entries;
  },
};

/** The table of the plain server that publish is measured against; SQLite checks what it has to check. */
const plain: RecordKeeper = {
  async write(file, texts, perCommit) {
    const database = new Database(file);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.exec("CREATE TABLE message (seq INTEGER PRIMARY KEY, author TEXT, at INTEGER, text TEXT) STRICT");
    const insert = database.prepare("INSERT INTO message (author, at, text) VALUES (?, ?, ?)");
    const add = database.transaction((together: readonly string[]) => {
      for (const text of together) insert.run("Anna", Date.now(), text);
    });
    for (const together of inParts(texts, perCommit)) add(together);
    database.close();
  },

  async verify(file) {
    const database = new Database(file, { readonly: true });
    const said = database.pragma("integrity_check", { simple: true });
    if (said !== "ok") throw new Error(`SQLite says: ${said}`);
    const entries = database.prepare("SELECT count(*) FROM message").pluck().get() as number;
    database.close();
    return entries;
  },
};

export const records: Readonly<Record<RecordName, RecordKeeper>> = { redroom, plain };

function inParts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
}
