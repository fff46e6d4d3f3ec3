import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** Runs a program again and again, each time with the arguments of a line, in a module of its own. */
const RUN_AGAIN = `
import contextlib, io, json, sys
with open(sys.argv[1], encoding="utf-8") as file: program = compile(file.read(), sys.argv[1], "exec")
for line in sys.stdin:
    sys.argv[1:] = json.loads(line)
    output, complaints, ended = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaints):
        try: exec(program, {"__name__": "__main__"})
        except SystemExit as end: ended = end.code or 0
    if isinstance(ended, str): complaints, ended = io.StringIO(ended), 1
    print(json.dumps([ended, complaints.getvalue()]), flush=True)
`;

/** What `redroom verify --json` says of an export too. */
interface Finding {
  readonly valid: boolean;
  readonly check?: string;
  readonly seq?: number;
}

/** The program of an export, as the reader of its exit code and of its standard error understands it. */
export function readFinding(code: number | null, stderr: string): Finding {
  if (code === 0) return { valid: true };
  const [, check, seq] = /^FAULT (\w+)(?: (\d+))?: /.exec(stderr) ?? [];
  if (code !== 1 || check === undefined) throw new Error(`verify.py ended with ${code}: ${stderr}`);
  return { valid: false, check, ...(seq !== undefined && { seq: Number(seq) }) };
}

/** One Python for many exports: to start it takes longer than to check a small one. */
export class PythonVerifier {
  readonly #python: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(program: string) {
    this.#python = spawn("python3", ["-c", RUN_AGAIN, program], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: this.#python.stdout });
    lines.on("line", (line) => this.#waiting.shift()?.(line));
    lines.on("close", () => {
      for (const answer of this.#waiting) answer('[null, "Python has ended"]');
    });
  }

  async verify(...args: readonly string[]): Promise<Finding> {
    const line = await new Promise<string>((resolve) => {
      this.#waiting.push(resolve);
      this.#python.stdin.write(`${JSON.stringify(args)}\n`);
    });
    const [code, stderr] = JSON.parse(line) as [number | null, string];
    return readFinding(code, stderr);
  }

  close(): void {
    this.#python.stdin.end();
  }
}
