import { read } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { MIN_PASSWORD_CHARACTERS } from "@redroom/sdk";
import { EXIT_CODES } from "./exit-codes.ts";
import { CommandFailure, usageFailure } from "./failure.ts";
import type { Texts } from "./texts/texts.ts";

const MAX_BYTES = 4096;
const LF = 0x0a;
const CR = 0x0d;
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const ENDS = [LF, CR, CTRL_C, CTRL_D];
const RETRY_MS = 20;

/**
 * The password, from the file descriptor, else from `REDROOM_PASSWORD`, else asked for. Never from the command line, which
 * every other program on the machine can read.
 *
 * @throws {CommandFailure} When nobody can be asked.
 */
export function obtainPassword({ passwordFd }: { readonly passwordFd?: number }, texts: Texts): Promise<string> {
  if (passwordFd !== undefined) return readPassword(passwordFd);
  const { REDROOM_PASSWORD } = process.env;
  if (REDROOM_PASSWORD !== undefined) return Promise.resolve(REDROOM_PASSWORD);
  return askPassword(texts("password.prompt"));
}

/**
 * A new password, from the file descriptor, else from `REDROOM_NEW_PASSWORD`, else asked for twice.
 *
 * @throws {CommandFailure} When nobody can be asked, or the two are not the same.
 */
export async function obtainNewPassword(
  { newPasswordFd }: { readonly newPasswordFd?: number },
  texts: Texts,
): Promise<string> {
  if (newPasswordFd !== undefined) return readPassword(newPasswordFd);
  const { REDROOM_NEW_PASSWORD } = process.env;
  if (REDROOM_NEW_PASSWORD !== undefined) return REDROOM_NEW_PASSWORD;
  const password = await askPassword(texts("passwd.next", { count: MIN_PASSWORD_CHARACTERS }));
  if ((await askPassword(texts("passwd.again"))) !== password) throw usageFailure("passwd.different");
  return password;
}

async function askPassword(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) throw usageFailure("failure.noPassword");
  return askSecret(process.stdin, process.stderr, prompt);
}

/** Reads up to the first line feed and not a byte more, so that the rest of the descriptor is still there for others. */
async function readPassword(fd: number): Promise<string> {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  while (bytes.length <= MAX_BYTES) {
    const bytesRead = await readByte(fd, byte);
    const [value = LF] = byte;
    if (bytesRead === 0 || value === LF) {
      if (bytes.at(-1) === CR) bytes.pop();
      if (bytes.length === 0) throw usageFailure("failure.passwordEmpty", { fd });
      return Buffer.from(bytes).toString();
    }
    bytes.push(value);
  }
  throw usageFailure("failure.passwordTooLong", { fd, limit: MAX_BYTES });
}

const readOnce = promisify(read);

async function readByte(fd: number, into: Uint8Array): Promise<number> {
  for (;;) {
    try {
      return (await readOnce(fd, into, 0, 1, null)).bytesRead;
    } catch (cause) {
      const { code = "" } = cause as NodeJS.ErrnoException;
      if (code === "EOF") return 0; // Windows, at the end of a pipe
      if (code !== "EAGAIN") throw usageFailure("failure.passwordUnreadable", { fd, code });
      await sleep(RETRY_MS); // the pipe is non-blocking and its writer is slow
    }
  }
}

/** What escape sequences the arrow keys and their like send. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const SEQUENCE = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?/g;

/** Asks on a terminal without echo. What is typed behind the Enter stays in `input`. */
function askSecret(input: NodeJS.ReadStream, output: NodeJS.WritableStream, prompt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed: Buffer[] = [];
    const finish = (rest: Buffer): void => {
      input.off("data", onData);
      input.off("end", onEnd);
      input.pause();
      input.setRawMode(false);
      if (rest.byteLength > 0) input.unshift(rest);
      output.write("\n");
    };
    const onEnd = (): void => {
      finish(Buffer.alloc(0));
      reject(usageFailure("failure.noPassword"));
    };
    const onData = (chunk: Buffer): void => {
      const end = chunk.findIndex((byte) => ENDS.includes(byte));
      if (end === -1) {
        typed.push(chunk);
        return;
      }
      finish(chunk.subarray(end + 1));
      if (chunk[end] === CTRL_C || chunk[end] === CTRL_D) {
        reject(new CommandFailure(EXIT_CODES.interrupted, "failure.interrupted"));
      } else resolve(edited(Buffer.concat([...typed, chunk.subarray(0, end)]).toString()));
    };
    input.setRawMode(true); // before the prompt: whoever sees it may type
    output.write(prompt);
    input.on("data", onData).on("end", onEnd).resume();
  });
}

/** What is left of the keys after Backspace, Ctrl-U and the arrows. */
function edited(keys: string): string {
  const characters: string[] = [];
  for (const key of keys.replace(SEQUENCE, "")) {
    if (key === "\x7f" || key === "\b") characters.pop();
    else if (key === "\x15") characters.length = 0;
    else if (key >= " ") characters.push(key);
  }
  return characters.join("");
}
