import { RedRoomError } from "@redroom/sdk";
import { generatePassword } from "../generate-password.ts";
import { print, printJson, printSecret } from "../output.ts";
import { readPasswordFromStdin, readPasswordFromTerminal } from "../read-password.ts";
import type { DataOptions } from "./options.ts";

export interface PasswordOptions extends DataOptions {
  readonly passwordStdin?: boolean;
  readonly generate?: boolean;
}

/** @throws {RedRoomError} `OPTIONS_INVALID`, `PASSWORD_INVALID`, `ABORTED`. */
export async function choosePassword({ passwordStdin, generate }: PasswordOptions, name: string): Promise<string> {
  if (passwordStdin && generate) throw usage("--password-stdin and --generate exclude each other");
  if (generate) return generatePassword();
  if (passwordStdin) return readPasswordFromStdin();
  if (process.stdin.isTTY) return readPasswordFromTerminal(name);
  throw usage("there is no terminal to ask for the password at");
}

/** A password that was made here is shown; one that was typed is not. */
export async function reportPassword(
  { json, generate }: PasswordOptions,
  facts: object,
  sentence: string,
  password: string,
): Promise<void> {
  if (!generate) await (json ? printJson(facts) : print(`${sentence}.`));
  else {
    const line = json
      ? JSON.stringify({ ...facts, password })
      : `${sentence}; the password is shown only now:\n\n  ${password}`;
    await printSecret(line, "set another one: redroom-server user password NAME");
  }
}

const usage = (reason: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to choose a password; ${reason}`, {
    remedy: "give either --password-stdin or --generate",
  });
