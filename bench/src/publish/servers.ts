import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { RedRoomServer } from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";
import Database from "better-sqlite3";
import { WebSocketServer } from "ws";
import type { TlsPair } from "../harness/certificate.ts";
import { type RecordName, TOPIC } from "./topic.ts";

export interface RunningServer {
  /** What publishers dial. */
  readonly address: string;
  /** How many messages the record holds. */
  stored(): Promise<number>;
  close(): Promise<void>;
}

/** All of Red Room, as an application embeds it; only the login is left out, which checks no password. */
async function redroom(folder: string, tls: TlsPair): Promise<RunningServer> {
  const store = sqliteStore(join(folder, "room.db"));
  const server = new RedRoomServer({
    tls,
    store,
    authenticate: async ({ name }) => ({ id: name, name, admin: false }),
    policy: () => ["note", "readAddressed"],
  });
  const { address } = await server.listen();
  await server.createTopic(TOPIC);
  return {
    address,
    stored: async () => (await store.findTopic({ title: TOPIC }))?.head.seq ?? 0,
    close: () => server.close(),
  };
}

/**
 * The peer: the least that stores durably. JSON over WebSocket, one table, one INSERT and one synced commit per message,
 * then the ack. No login, no ids that make sending again safe, no hashes.
 */
async function plain(folder: string, { certificate, privateKey }: TlsPair): Promise<RunningServer> {
  const database = new Database(join(folder, "plain.db"));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec("CREATE TABLE message (seq INTEGER PRIMARY KEY, author TEXT, at INTEGER, text TEXT) STRICT");
  const insert = database.prepare("INSERT INTO message (author, at, text) VALUES (?, ?, ?)");
  const count = database.prepare("SELECT count(*) FROM message").pluck();

  const server = createServer({ cert: certificate, key: privateKey });
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) => {
    socket.on("message", (bytes: Buffer) => {
      const { id, author, text } = JSON.parse(bytes.toString()) as { id: string; author: string; text: string };
      const { lastInsertRowid } = insert.run(author, Date.now(), text);
      socket.send(JSON.stringify({ id, seq: Number(lastInsertRowid) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `wss://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stored: async () => count.get() as number,
    close: async () => void database.close(),
  };
}

export const servers: Readonly<Record<RecordName, (folder: string, tls: TlsPair) => Promise<RunningServer>>> = {
  redroom,
  plain,
};
