import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createUser,
  RedRoomClient,
  type RedRoomClientOptions,
  RedRoomServer,
  type RedRoomServerOptions,
} from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport, quicTransport, type Transport } from "@redroom/sdk/transport";
import { makeCertificate } from "../src/testing/test-certificate.ts";
import { everybody } from "./everybody.ts";

export type WorldKind = "memory" | "real";

export const PASSWORD = "correct horse battery";

type Store = RedRoomServerOptions["store"];

/** A server with two users and one topic, in memory or on real UDP with a real file, that cleans up after itself. */
export async function openWorld(
  kind: WorldKind,
  options: Partial<Omit<RedRoomServerOptions, "store" | "tls" | "transport">> & {
    readonly wrapStore?: (store: Store) => Store;
    readonly users?: readonly string[];
    readonly topics?: readonly string[];
  } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "redroom-test-"));
  const inner = kind === "memory" ? memoryStore() : sqliteStore(join(folder, "room.db"));
  const store = options.wrapStore?.(inner) ?? inner;
  const certificate = makeCertificate();
  const transport: Transport =
    kind === "memory"
      ? memoryTransport()
      : quicTransport({ tls: { certificate: certificate.certificate, privateKey: certificate.privateKey } });
  await inner.open();
  for (const name of options.users ?? ["anna", "bernd"]) {
    await createUser(inner.users, { name, password: PASSWORD, admin: name === "admin" });
  }
  const server = new RedRoomServer({ policy: everybody, ...options, store, transport });
  const { address } = await server.listen();
  for (const title of options.topics ?? ["Share Deal"]) await server.createTopic(title);
  const clients: RedRoomClient[] = [];
  return {
    server,
    address,
    store: inner,
    file: join(folder, "room.db"),
    transport,
    async connect(name: string, more: Partial<RedRoomClientOptions> = {}): Promise<RedRoomClient> {
      const client = await RedRoomClient.connect(address, { auth: { name, password: PASSWORD }, transport, ...more });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close({ drainMs: 0 })));
      await server.close({ drainMs: 0 });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
