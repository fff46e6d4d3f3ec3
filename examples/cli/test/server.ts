import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTopic, createUser, setRoles } from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";
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

  static async start({ users = USERS, topics = [OTHER_TOPIC, TOPIC] } = {}): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "redroom-cli-"));
    const process = new Running([...REDROOM_SERVER, "start", "--data", folder, "--port", "0", "--json"]);
    const { address } = await process.event<{ address: string }>("listening");
    await letIn(users, topics, folder);
    return new TestServer(folder, address, process);
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

/** As the operator's commands do, beside the server: a process for each of them would take most of a test's time. */
async function letIn(users: readonly string[], topics: readonly string[], folder: string): Promise<void> {
  const store = sqliteStore(join(folder, "room.db"), { busyTimeoutMs: 5_000 });
  await store.open();
  try {
    const people = await Promise.all(
      users.map((name) => createUser(store.users, { name, password: passwordOf(name) })),
    );
    for (const title of topics) {
      const { id } = await createTopic(store, title);
      for (const member of people) await setRoles(store, id, { member, roles: ["superuser"] }, { by: OPERATOR });
    }
  } finally {
    await store.close();
  }
}

/** Runs a command of the operator. */
export async function redroomServer(args: readonly string[], input = ""): Promise<Running> {
  const running = new Running([...REDROOM_SERVER, ...args]);
  running.child.stdin?.end(input);
  if ((await running.exit) !== 0) throw new Error(`redroom-server ${args[0]}: ${running.stderr}`);
  return running;
}
