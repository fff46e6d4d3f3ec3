import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ProbeCalls } from "../programs/probe.ts";
import { Caller } from "./calls.ts";
import { sharedClock } from "./client-event.ts";
import { MEASURED } from "./footprint.ts";

/** A line of the server's log, with the time at which we read it. */
export interface LogLine {
  readonly clock: number;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ServerOptions {
  /** The same one after a restart, so that clients find the server again; any free one by default. */
  readonly port?: number | undefined;
  /** What is put before the command, such as `strace`. */
  readonly wrapper?: readonly string[];
  readonly drainMs?: number;
  readonly logLevel?: "debug" | "info";
}

const START_MS = 30_000;

/** A `redroom-server start` in a process of its own. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly log: LogLine[] = [];
  readonly #probe: Caller<ProbeCalls>;
  /** What clients dial, once it listens. */
  readonly listening: Promise<string>;

  constructor(folder: string, { port = 0, wrapper = [], drainMs = 2_000, logLevel = "info" }: ServerOptions = {}) {
    const probe = new URL("../programs/probe.ts", import.meta.url).href;
    const [program = "", ...args] = [
      ...wrapper,
      process.execPath,
      ...process.execArgv,
      ...[...MEASURED, "--import", probe],
      redroomServer(),
      ...["start", "--data", folder, "--json", "--port", String(port), "--drain", String(drainMs)],
      ...["--log-level", logLevel],
    ];
    this.#child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe", "ipc"], serialization: "advanced" });
    this.#ended = once(this.#child, "exit");
    this.#probe = new Caller<ProbeCalls>(this.#child);
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error("the server has no output");
    createInterface({ input: stderr }).on("line", (line) => this.log.push(readLine(line)));
    this.listening = new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`the server does not listen within ${START_MS} ms`)),
        START_MS,
      );
      createInterface({ input: stdout }).on("line", (line) => {
        const { event, address } = JSON.parse(line) as { readonly event: string; readonly address: string };
        if (event !== "listening") return;
        clearTimeout(deadline);
        resolve(address);
      });
      this.#child.once("exit", (code, signal) => {
        clearTimeout(deadline);
        const msg = `the process has ended with ${signal ?? code}`;
        this.log.push({ clock: sharedClock(), level: "fatal", msg });
        reject(new Error(`${msg}: ${this.log.map((line) => line.msg).join("; ")}`));
      });
    });
    this.listening.catch(() => {}); // who waits hears of it; a server killed while it starts is nobody's failure
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  readonly ask: Caller<ProbeCalls>["ask"] = (call, input) => this.#probe.ask(call, input);

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  /** At once, with nothing said to anybody. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** As an operator does it. Resolves when it is gone. @throws {Error} When it does not end well. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
    if (this.#child.exitCode !== 0) throw new Error(`the server has ended with ${this.#child.exitCode}`);
  }
}

/** What runs the commands of `redroom-server`: beside the package's door, as source or built, whichever we run on. */
function redroomServer(): string {
  const door = import.meta.resolve("@redroom/server-kit");
  return fileURLToPath(new URL(`./main${extname(door)}`, door));
}

function readLine(line: string): LogLine {
  const clock = sharedClock();
  try {
    return { ...(JSON.parse(line) as LogLine), clock };
  } catch {
    return { clock, level: "fatal", msg: line };
  }
}
