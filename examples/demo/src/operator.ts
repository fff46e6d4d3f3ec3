import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Processes, Running } from "./processes.ts";

/** What runs the commands of `redroom-server`: beside the package's door, as source or built, whichever we run on. */
function redroomServer(): string {
  const door = import.meta.resolve("@redroom/server-kit");
  return fileURLToPath(new URL(`./main${extname(door)}`, door));
}

const COMMAND_MS = 20_000;

/** The person who runs the server, at the command line. */
export class Operator {
  readonly #processes: Processes;
  readonly #onCommand: (command: string) => void;
  readonly #data: string;

  constructor(processes: Processes, data: string, onCommand: (command: string) => void) {
    this.#processes = processes;
    this.#data = data;
    this.#onCommand = onCommand;
  }

  /** Makes the data folder and serves. @returns The address that clients use, and the server. */
  async start(): Promise<{ address: string; server: Running }> {
    const command = this.#command(["start"], ["--data", this.#data, "--port", "0", "--json"]);
    let onAddress: (address: string) => void = () => {};
    const listening = new Promise<string>((resolve) => {
      onAddress = resolve;
    });
    const server = this.#processes.start({
      name: "redroom-server start",
      command,
      onLine: (line) => {
        const { event, address } = JSON.parse(line) as { event: string; address: string };
        if (event === "listening") onAddress(address);
      },
    });
    const address = await this.#processes.within(COMMAND_MS, listening, "redroom-server start does not listen");
    return { address, server };
  }

  async addUser(name: string, password: string): Promise<void> {
    await this.#run(["user", "add"], [name, "--data", this.#data, "--password-stdin"], `${password}\n`);
  }

  /** @param members From name to roles. */
  async createTopic(title: string, members: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const named = Object.entries(members).flatMap(([name, roles]) => ["--member", `${name}:${roles.join(",")}`]);
    await this.#run(["topic", "create"], [title, ...named, "--data", this.#data]);
  }

  async #run(name: readonly string[], args: readonly string[], input?: string): Promise<void> {
    const program = { name: `redroom-server ${name.join(" ")}`, command: this.#command(name, args) };
    await this.#processes.run({ ...program, ...(input !== undefined && { input }) }, COMMAND_MS);
  }

  #command(name: readonly string[], args: readonly string[]): [string, ...string[]] {
    const shown = args.map((arg) => (/[^\w./:\\-]/.test(arg) ? `"${arg}"` : arg));
    this.#onCommand(["redroom-server", ...name, ...shown].join(" "));
    return [redroomServer(), ...name, ...args];
  }
}
