import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTopic, createUser, setRoles, type TopicOptions } from "@redroom/sdk";
import { type SqliteStore, sqliteStore } from "@redroom/sdk/sqlite";
import { commandOf } from "../../../test/command-of.ts";
import { Running } from "./processes.ts";

const REDROOM_SERVER = commandOf("packages/server-kit");

export const TOPIC = "Vermögensübertragung: Share Deal Szenario";
export const OTHER_TOPIC = "Due Diligence: Forderungsbewertung";
const OPERATOR = { id: "operator", name: "operator" };
const USERS = ["anna", "bernd", "carla", "dora"];

/** The environment of somebody who need not be asked for the password. */
export const as = (name: string): { readonly env: NodeJS.ProcessEnv } => ({
  env: { REDROOM_PASSWORD: passwordOf(name) },
});

export const passwordOf = (name: string): string => `${name} und ihr langes Passwort`;

/** A real `redroom-server` with users and topics, in which everybody may do everything. */
export class TestServer implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly address: string,
    public process: Running,
  ) {}

  /** Everybody belongs to every topic as superuser, unless something else is said with `createTopic`. */
  static async start({ users = USERS, topics = [OTHER_TOPIC, TOPIC] } = {}): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "redroom-cli-"));
    const port = String(await ownPort());
    const process = new Running([...REDROOM_SERVER, "start", "--data", folder, "--port", port, "--json"]);
    const { address } = await process.event<{ address: string }>("listening");
    const server = new TestServer(folder, address, process);
    await server.#beside(async (store) => {
      await Promise.all(users.map((name) => createUser(store.users, { name, password: passwordOf(name) })));
    });
    for (const title of topics) await server.createTopic(title, Object.fromEntries(users.map(superuser)));
    return server;
  }

  /** @param members From name to roles. */
  createTopic(
    title: string,
    members: Readonly<Record<string, readonly string[]>>,
    options: TopicOptions = {},
  ): Promise<void> {
    return this.#beside(async (store) => {
      const { id } = await createTopic(store, title, options);
      for (const [name, roles] of Object.entries(members)) {
        const member = await store.users.findUser(name);
        if (member !== undefined) await setRoles(store, id, { member, roles }, { by: OPERATOR });
      }
    });
  }

  /** As the operator's commands do, beside the server: a process for each of them would take most of a test's time. */
  async #beside(work: (store: SqliteStore) => Promise<void>): Promise<void> {
    const store = sqliteStore(join(this.folder, "room.db"), { busyTimeoutMs: 5_000 });
    await store.open();
    try {
      await work(store);
    } finally {
      await store.close();
    }
  }

  /** Another process on the same record and the same port. */
  async restart(): Promise<void> {
    await this.process.exit;
    const { port } = new URL(this.address);
    this.process = new Running([...REDROOM_SERVER, "start", "--data", this.folder, "--port", port, "--json"]);
    await this.process.event("listening");
  }

  get wrongPin(): string {
    return `${this.withoutPin}#sha256-${"A".repeat(43)}`;
  }

  get withoutPin(): string {
    return this.address.replace(/#.*/, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * A port that is free, and below those that systems give to whoever asks for any: nobody else gets it while the server is
 * away between two starts.
 */
async function ownPort(): Promise<number> {
  const port = randomInt(10_000, 30_000);
  const socket = createSocket("udp4").bind(port, "127.0.0.1");
  const free = await once(socket, "listening").then(
    () => true,
    () => false,
  );
  await new Promise<void>((resolve) => socket.close(resolve));
  return free ? port : ownPort();
}

const superuser = (name: string): [string, readonly string[]] => [name, ["superuser"]];

/** Runs a command of the operator. */
export async function redroomServer(args: readonly string[], input = ""): Promise<Running> {
  const running = new Running([...REDROOM_SERVER, ...args]);
  running.child.stdin?.end(input);
  if ((await running.exit) !== 0) throw new Error(`redroom-server ${args[0]}: ${running.stderr}`);
  return running;
}
