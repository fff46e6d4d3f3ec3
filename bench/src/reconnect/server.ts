import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createUser, RedRoomClient, RedRoomServer } from "@redroom/sdk";
import { parseAddress } from "@redroom/sdk/protocol";
import { sqliteStore } from "@redroom/sdk/sqlite";
import Database from "better-sqlite3";
import { type WebSocket, WebSocketServer } from "ws";
import type { TlsPair } from "../harness/certificate.ts";
import { playRole } from "../harness/role.ts";
import { HEARTBEAT_MS, type RecordName, sharedClock, somePort, TOPIC, textOf, USER } from "./settings.ts";

interface Listen {
  readonly record: RecordName;
  readonly folder: string;
  readonly tls: TlsPair;
  /** Of the server before; empty for the first. */
  readonly address: string;
  readonly round: number;
  readonly passwords: boolean;
}

interface Running {
  readonly address: string;
  /** When it began to listen. */
  readonly clock: number;
  close(): Promise<void>;
}

async function redroom({ folder, tls, address: before, round, passwords }: Listen): Promise<Running> {
  const store = sqliteStore(join(folder, "room.db"));
  await store.open();
  if (round === 0) await createUser(store.users, USER);
  const user = await store.users.findUser(USER.name);
  const unread = async () => ({ id: user?.id ?? "", name: USER.name, admin: false });
  const server = new RedRoomServer({
    tls,
    store,
    heartbeatMs: HEARTBEAT_MS,
    policy: () => ["note", "readAddressed"],
    ...(!passwords && { authenticate: unread }),
  });
  const { address } = await server.listen({ port: before === "" ? somePort() : parseAddress(before).port });
  const clock = sharedClock();
  if (round === 0) await server.createTopic(TOPIC);
  const writer = await RedRoomClient.connect(address, { auth: USER });
  const topic = await writer.topic(TOPIC).open({ from: "none" });
  await topic.send(textOf(round));
  await writer.close();
  return { address, clock, close: () => server.close() };
}

/** The peer keeps numbered messages in a file, and sends everybody who comes what they lack. */
async function plain({ folder, tls, address: before, round }: Listen): Promise<Running> {
  const database = new Database(join(folder, "plain.db"));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec("CREATE TABLE IF NOT EXISTS message (seq INTEGER PRIMARY KEY, text TEXT) STRICT");
  const later = database.prepare("SELECT seq, text FROM message WHERE seq > ? ORDER BY seq");
  const server = createServer({ cert: tls.certificate, key: tls.privateKey });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on("connection", (socket: WebSocket) => {
    socket.on("message", (bytes: Buffer) => {
      const { after } = JSON.parse(bytes.toString()) as { readonly after: number };
      for (const message of later.all(after)) socket.send(JSON.stringify(message));
    });
  });
  server.listen(before === "" ? somePort() : Number(new URL(before).port), "127.0.0.1");
  await once(server, "listening");
  const clock = sharedClock();
  database.prepare("INSERT INTO message (text) VALUES (?)").run(textOf(round));
  return {
    address: `wss://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock,
    close: async () => {
      for (const socket of sockets.clients) socket.close();
      server.close();
      database.close();
    },
  };
}

const servers = { redroom, plain };
let running: Running | undefined;

const calls = {
  async listen(options: Listen) {
    running = await servers[options.record](options);
    const { address, clock } = running;
    return { address, clock };
  },
  close: () => running?.close(),
};

export type ReconnectServer = typeof calls;

playRole(calls);
