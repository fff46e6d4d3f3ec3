import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { RedRoomError } from "@redroom/sdk";

/** Standard input as a whole, without the line break at its end. @throws {RedRoomError} `PASSWORD_INVALID`. */
export async function readPasswordFromStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new RedRoomError("PASSWORD_INVALID", "unable to use the password; it is not UTF-8", { cause });
  }
  const password = text.replace(/\r?\n$/, "");
  if (!/[\r\n]/.test(password)) return password;
  throw new RedRoomError("PASSWORD_INVALID", "unable to use the password; standard input has more than one line");
}

/** Asks twice, on standard error and without echo. @throws {RedRoomError} `PASSWORD_INVALID`, `ABORTED` (Ctrl+C). */
export async function readPasswordFromTerminal(name: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true }); // from here, no echo
  try {
    const lines = terminal[Symbol.asyncIterator]();
    const ask = async (question: string): Promise<string> => {
      process.stderr.write(question);
      const { value, done } = await lines.next();
      process.stderr.write("\n");
      if (!done) return value;
      throw new RedRoomError("ABORTED", "unable to choose a password; the input has ended");
    };
    const password = await ask(`Password for ${name}: `);
    if ((await ask("Once more: ")) === password) return password;
    throw new RedRoomError("PASSWORD_INVALID", "unable to use the password; the two are not the same");
  } finally {
    terminal.close();
  }
}
