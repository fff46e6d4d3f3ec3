import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTopic, createUser, setRoles } from "@redroom/sdk";
import { parseAddress } from "@redroom/sdk/protocol";
import { verifyStore } from "@redroom/sdk/sqlite";
import { openDataFolder } from "@redroom/server-kit";
import type { OpenCall } from "../programs/client.ts";
import { BotProcess } from "./bot-process.ts";
import { sharedClock } from "./client-event.ts";
import { ClientProcess } from "./client-process.ts";
import { findFaults } from "./invariants.ts";
import { readRecord, type WholeRecord } from "./record.ts";
import { type LogLine, type ServerOptions, ServerProcess } from "./server-process.ts";

/** Beside the program: a system's temporary folder may be memory, which syncs nothing. */
const HERE = join(import.meta.dirname, "../..");
const PASSWORD = "nothing here is secret";
/** Who lets the people into the topics. */
const HARNESS = { id: "harness", name: "harness" };

/** Below the ports that systems give to those who dial: while the server is away, no client must get its port. */
const somePort = (): number => 10_000 + Math.floor(Math.random() * 20_000);

export interface RoomOptions {
  /** Users, each of whom may become a client. */
  readonly people: readonly string[];
  /** Titles. */
  readonly topics: readonly string[];
  readonly server?: ServerOptions;
  /** Where the data folder is made; beside the program by default. */
  readonly parent?: string;
}

/** A server on a data folder of its own, and its clients, all processes of their own. None outlives it. */
export class Room implements AsyncDisposable {
  readonly folder: string;
  readonly database: string;
  readonly clients = new Map<string, ClientProcess>();
  readonly #bots: BotProcess[] = [];
  readonly #serverOptions: ServerOptions;
  readonly #earlierLogs: LogLine[] = [];
  #server: ServerProcess;
  #address: string;
  #waiting: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];
  /** Until it has been found that all is well. */
  #suspicious = true;

  static async open({ people, topics, server = {}, parent }: RoomOptions): Promise<Room> {
    const folder = mkdtempSync(join(parent ?? HERE, ".data-"));
    {
      await using data = await openDataFolder(folder, { announce: async () => {} });
      const { store } = data;
      const users = await Promise.all(people.map((name) => createUser(store.users, { name, password: PASSWORD })));
      for (const title of topics) {
        const { id } = await createTopic(store, title);
        for (const member of users) await setRoles(store, id, { member, roles: ["superuser"] }, { by: HARNESS });
      }
    }
    const process = new ServerProcess(folder, { port: somePort(), ...server });
    try {
      return new Room(folder, server, process, await process.listening);
    } catch (error) {
      await process.kill(); // else it would outlive us
      throw error;
    }
  }

  private constructor(folder: string, options: ServerOptions, server: ServerProcess, address: string) {
    this.folder = folder;
    this.database = join(folder, "room.db");
    this.#serverOptions = options;
    this.#server = server;
    this.#address = address;
  }

  get server(): ServerProcess {
    return this.#server;
  }

  /** What clients dial; the same after every restart. */
  get address(): string {
    return this.#address;
  }

  /** Of all servers so far. */
  get log(): readonly LogLine[] {
    return [...this.#earlierLogs, ...this.#server.log];
  }

  /** Starts the server again, at the same address, after `server.kill()` or `server.stop()`. Does not wait for it. */
  restart(): ServerProcess {
    this.#earlierLogs.push(...this.#server.log);
    const { port } = parseAddress(this.#address);
    this.#server = new ServerProcess(this.folder, { ...this.#serverOptions, port });
    return this.#server;
  }

  /** Starts a client, connects it, by a relay where one is given, and opens its topics. */
  async enter(name: string, open: OpenCall, address = this.#address): Promise<ClientProcess> {
    const client = new ClientProcess(name, () => this.#look());
    this.clients.set(name, client);
    await client.ask("connect", { address, name, password: PASSWORD });
    await client.open(open);
    return client;
  }

  /** Starts a bot as this user. Does not wait for it. */
  startBot(name: string): BotProcess {
    const bot = new BotProcess({ address: this.#address, name, password: PASSWORD }, () => this.#look());
    this.#bots.push(bot);
    return bot;
  }

  /** Closes it, and lets its process end. What it told stays. */
  async leave(client: ClientProcess): Promise<{ readonly unsent: number }> {
    const left = await client.ask("close", undefined);
    await client.kill();
    return left;
  }

  /** Resolves when the condition holds, looked at after every event. @throws {Error} `complaint` when that takes longer. */
  async until(condition: () => boolean, withinMs: number, complaint: () => string): Promise<void> {
    if (condition()) return;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ condition, resolve });
        timer = setTimeout(() => reject(new Error(`${complaint()}, after ${withinMs} ms`)), withinMs);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = this.#waiting.filter((one) => one.condition !== condition);
    }
  }

  /** @returns When the last of them was online. */
  async allOnline(withinMs: number): Promise<number> {
    const clients = [...this.clients.values()];
    await this.until(
      () => clients.every(({ state }) => state === "online"),
      withinMs,
      () => `not online: ${clients.map(({ name, state }) => `${name} ${state}`).join(", ")}`,
    );
    return sharedClock();
  }

  /**
   * Lets everybody finish, and holds what they told against the file, the file against itself, and both against every
   * checkpoint that a client has verified.
   *
   * @param readers Those who must have read everything.
   * @returns What is wrong: nothing when the invariants hold that can be seen from outside.
   */
  async conclude(readers: readonly string[], withinMs = 60_000): Promise<string[]> {
    const clients = [...this.clients.values()].filter(({ state }) => state !== "closed");
    const total = (): number => [...this.clients.values()].reduce((sum, { counts }) => sum + counts.stored, 0);
    const readingAll = clients.filter(({ name }) => readers.includes(name));
    const faults: string[] = [];
    const quiet = Promise.all(clients.map((client) => client.ask("quieten", undefined)));
    try {
      await this.until(
        () => clients.every(({ counts }) => counts.sent === counts.stored + counts.failed),
        withinMs,
        () =>
          clients.map(({ name, counts }) => `${name} has the answer to ${counts.stored} of ${counts.sent}`).join(", "),
      );
      await quiet;
      await this.until(
        () => readingAll.every(({ counts }) => counts.read >= total()),
        withinMs,
        () => readingAll.map(({ name, counts }) => `${name} has read ${counts.read} of ${total()}`).join(", "),
      );
    } catch (error) {
      quiet.catch(() => {});
      faults.push((error as Error).message);
    }
    const told = new Map([...this.clients].map(([name, client]) => [name, client.told]));
    faults.push(...(await this.examine((record) => findFaults({ told, record, readers }))));
    this.#suspicious = faults.length > 0;
    return faults;
  }

  /**
   * Lets everybody leave and the server stop, and holds the file against itself and against every checkpoint that a client has
   * verified.
   *
   * @param judge Says what else is wrong with it.
   * @returns What is wrong.
   */
  async examine(judge: (record: WholeRecord) => readonly string[]): Promise<string[]> {
    const clients = [...this.clients.values()].filter(({ state }) => state !== "closed");
    const faults: string[] = [];
    const checkpoints = (await Promise.all(clients.map((client) => client.ask("checkpoints", undefined)))).flat();
    for (const client of clients) {
      const { unsent } = await this.leave(client);
      if (unsent > 0) faults.push(`${client.name} has left with ${unsent} messages unsent`);
    }
    await this.#server.stop();
    faults.push(...judge(await readRecord(this.database)));
    const verified = await verifyStore(this.database, { checkpoints: [...new Set(checkpoints)] });
    faults.push(
      ...verified.faults.map(({ topic, seq, kind, message }) => `verify: ${topic} ${seq} ${kind}: ${message}`),
    );
    for (const client of this.clients.values()) {
      const [failure, ...more] = [...client.all("failed"), ...client.all("topicFailed")];
      if (failure) faults.push(`${client.name} has met ${failure.code} in ${failure.topic}, and ${more.length} more`);
    }
    this.#suspicious = faults.length > 0;
    return faults;
  }

  /** Ends everything. Where something was wrong, the data and what everybody told are kept, and it is said where. */
  async [Symbol.asyncDispose](): Promise<void> {
    const others = [...this.clients.values(), ...this.#bots];
    await Promise.all([this.#server.kill(), ...others.map((one) => one.kill())]);
    if (this.#suspicious) this.#keep();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #keep(): void {
    const kept = mkdtempSync(join(HERE, ".data-kept-"));
    cpSync(this.folder, kept, { recursive: true });
    const write = (name: string, lines: readonly unknown[]): void =>
      writeFileSync(join(kept, `${name}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    for (const { name, told } of this.clients.values()) write(name, told);
    write("server", this.log);
    console.log(`  … kept: ${kept}`);
  }

  #look(): void {
    const due = this.#waiting.filter(({ condition }) => condition());
    for (const { resolve } of due) resolve();
  }
}
