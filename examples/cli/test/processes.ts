import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { commandOf } from "../../../test/command-of.ts";
import { VirtualScreen } from "./virtual-screen.ts";

const REDROOM = commandOf("examples/cli");
const AT_TERMINAL = fileURLToPath(new URL("./at_terminal.py", import.meta.url));

/** A process, and what it has printed. */
export class Running implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  /** It has ended, and all that it printed has been read. */
  protected closed = false;

  constructor(command: readonly string[], options: { readonly env?: NodeJS.ProcessEnv; readonly fds?: number[] } = {}) {
    const [file = "", ...args] = command;
    const env = { ...process.env, LC_ALL: "C", REDROOM_PASSWORD: undefined, ...options.env };
    this.child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe", ...(options.fds ?? [])] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#stdout.push(text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#stderr.push(text));
    this.child.stdin?.on("error", () => {}); // it may end before it has read everything
    this.exit = once(this.child, "close").then(([code]) => {
      this.closed = true;
      return code as number | null;
    });
  }

  get stdout(): string {
    return this.#stdout.join("");
  }

  get stderr(): string {
    return this.#stderr.join("");
  }

  /** Its lines of JSON. */
  json<T>(): T[] {
    return this.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as T);
  }

  /** Resolves once it has printed a line. */
  async firstLine(): Promise<void> {
    await this.#printed(() => this.stdout.includes("\n"));
  }

  /** Resolves with the line of JSON that tells of this event. */
  async event<T>(name: string): Promise<T> {
    const find = () => this.json<T & { event: string }>().find(({ event }) => event === name);
    await this.#printed(() => find() !== undefined);
    return find() as T;
  }

  async #printed(satisfied: () => boolean): Promise<void> {
    while (!satisfied()) {
      if (this.closed) throw new Error(`ended with ${this.child.exitCode ?? this.child.signalCode}: ${this.stderr}`);
      await Promise.race([once(this.child.stdout as NodeJS.ReadableStream, "data"), this.exit]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }
}

/** The redroom command, without a terminal. */
export function redroom(args: readonly string[], options?: ConstructorParameters<typeof Running>[1]): Running {
  return new Running([...REDROOM, ...args], options);
}

/** The redroom command on a pseudo-terminal of its own. */
export class AtTerminal extends Running {
  readonly screen: VirtualScreen;

  constructor(args: readonly string[], { rows = 24, columns = 80, env = {} } = {}) {
    super(["python3", AT_TERMINAL, String(rows), String(columns), ...REDROOM, ...args], { env });
    this.screen = new VirtualScreen(rows, columns);
    this.child.stdout?.on("data", (output: string) => this.screen.write(output));
  }

  type(text: string): void {
    this.#order({ type: text });
  }

  resize(rows: number, columns: number): void {
    this.screen.resize(rows, columns);
    this.#order({ size: [rows, columns] });
  }

  /** Resolves with how many milliseconds it took until the screen was as wanted. */
  async sees(wanted: string | RegExp | ((screen: VirtualScreen) => boolean), timeoutMs = 60_000): Promise<number> {
    const satisfied = (): boolean => {
      if (typeof wanted === "function") return wanted(this.screen);
      const { text } = this.screen;
      return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
    };
    const start = performance.now();
    const signal = AbortSignal.timeout(timeoutMs);
    while (!satisfied()) {
      if (this.closed || signal.aborted) {
        throw new Error(`never seen: ${wanted}\non the screen:\n${this.screen.text}\n${this.stderr}`);
      }
      const changed = once(this.child.stdout as NodeJS.ReadableStream, "data", { signal });
      await Promise.race([changed.catch(() => {}), this.exit]);
    }
    return performance.now() - start;
  }

  /** As the window of a terminal is closed: killed, it would leave the command behind, which goes on reading for a moment. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.child.stdin?.end();
    await this.exit;
  }

  #order(order: object): void {
    this.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}
