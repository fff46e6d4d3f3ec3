import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUser, RedRoomServer } from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";
import { quicTransport } from "@redroom/sdk/transport";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import { makeCertificate } from "../../src/testing/test-certificate.ts";
import { everybody } from "../everybody.ts";
import { PASSWORD, RawClient } from "./raw-client.ts";

const publish = (text: string, id = randomId()) => ({ type: "publish", id, kind: "note", body: utf8(text) }) as const;

/** Real UDP, a real file, real time. */
async function realWorld() {
  const parent = await mkdtemp(join(tmpdir(), "redroom-outage-"));
  const folder = join(parent, "room");
  await mkdir(folder);
  const file = join(folder, "room.db");
  const store = sqliteStore(file);
  await store.open();
  for (const name of ["anna", "bernd"]) await createUser(store.users, { name, password: PASSWORD });
  const { certificate, privateKey } = makeCertificate();
  const transport = quicTransport({ tls: { certificate, privateKey } });
  // Raw clients show no sign of life, however slow the machine is.
  const server = new RedRoomServer({ store, transport, policy: everybody, heartbeatMs: 3_600_000 });
  const { address } = await server.listen();
  await server.createTopic("Share Deal");
  const clients: RawClient[] = [];
  return {
    parent,
    folder,
    file,
    server,
    async dial(): Promise<RawClient> {
      const client = await RawClient.dial(transport, address);
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const { connection } of clients) connection.close();
      await server.close({ drainMs: 0 });
      await rm(parent, { recursive: true, force: true });
    },
  };
}

type World = Awaited<ReturnType<typeof realWorld>>;

interface Cause {
  readonly begin: (world: World) => Promise<void>;
  readonly end: (world: World) => Promise<void>;
}

function causes(): [string, Cause][] {
  let lock: Database.Database | undefined;
  const all: [string, Cause][] = [
    [
      "the file is locked by another process's connection",
      {
        async begin({ file }) {
          lock = new Database(file);
          lock.exec("BEGIN IMMEDIATE");
        },
        async end() {
          lock?.exec("ROLLBACK");
          lock?.close();
        },
      },
    ],
  ];
  // An open file cannot be moved on Windows, nor be protected from who has it open.
  if (process.platform !== "win32") {
    all.push(
      [
        "the folder is moved away",
        {
          begin: ({ folder }) => rename(folder, `${folder}-moved`),
          end: ({ folder }) => rename(`${folder}-moved`, folder),
        },
      ],
      [
        "the file is made read-only",
        { begin: ({ file }) => chmod(file, 0o400), end: ({ file }) => chmod(file, 0o600) },
      ],
    );
  }
  return all;
}

describe("a server on a real file", () => {
  it.each(causes())("acknowledges nothing while %s, and goes on by itself", async (_, { begin, end }) => {
    await using world = await realWorld();
    const anna = await world.dial();
    await anna.login("anna");
    const bernd = await world.dial();
    await bernd.login("bernd");
    const writer = await anna.openTopic("Share Deal");
    const reader = await bernd.openTopic("Share Deal", 1);
    writer.send(publish("before"));
    await writer.next("ack");
    await begin(world);
    const message = publish("meanwhile");
    writer.send(message);
    expect(await anna.control.next("availability")).toMatchObject({ available: false });
    expect(await writer.next("error")).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    await reader.next("error");
    expect(writer.types().filter((type) => type === "ack")).toHaveLength(1);
    await anna.ping();
    await end(world);
    expect(await anna.control.next("availability")).toMatchObject({ available: true });
    const again = await anna.openTopic("Share Deal");
    again.send(message);
    expect((await again.next("ack")).seq).toBe(2);
    const resumed = await bernd.openTopic("Share Deal", 2);
    await resumed.next("entry");
  });
});

describe("a session over real UDP", () => {
  it("goes on from another port, takes over from a connection that still seems to live, and reads on without a gap", async () => {
    await using world = await realWorld();
    const anna = await world.dial();
    await anna.login("anna");
    const writer = await anna.openTopic("Share Deal");
    for (const text of ["one", "two", "three"]) writer.send(publish(text));
    for (let count = 0; count < 3; count += 1) await writer.next("ack");
    const bernd = await world.dial();
    await bernd.login("bernd");
    const before = await bernd.openTopic("Share Deal", 1);
    await before.next("entry");
    const back = await world.dial();
    await back.resume(bernd.session?.token ?? "");
    expect(await bernd.connection.closed).toMatchObject({ by: "peer", code: 4, reason: "REPLACED" });
    const after = await back.openTopic("Share Deal", 2);
    await after.next("entry");
    await after.next("entry");
    writer.send(publish("four"));
    await after.next("entry");
    expect(after.types().filter((type) => type === "entry")).toHaveLength(3);
  });
});
