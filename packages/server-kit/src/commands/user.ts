import { createUser, RedRoomError, setPassword } from "@redroom/sdk";
import type { Command } from "commander";
import { withStore } from "../data-folder.ts";
import { generatePassword } from "../generate-password.ts";
import { print, printJson, printSecret } from "../output.ts";
import { readPasswordFromStdin, readPasswordFromTerminal } from "../read-password.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";

interface PasswordOptions extends DataOptions {
  readonly passwordStdin?: boolean;
  readonly generate?: boolean;
}

export function addUser(program: Command): void {
  const user = program.command("user").description("people who may log in; also while the server runs");
  const withPassword = (command: Command): Command =>
    command
      .option("--password-stdin", "read the password from standard input")
      .option("--generate", "make a password and print it")
      .addOption(dataOption())
      .addOption(jsonOption());
  withPassword(user.command("add").argument("<name>").option("--admin", "may create users and topics"))
    .description("add somebody; asks for the password twice")
    .action(add);
  withPassword(user.command("password").argument("<name>"))
    .description("give somebody a new password")
    .action(changePassword);
  user.command("list").description("who may log in").addOption(dataOption()).addOption(jsonOption()).action(list);
}

async function add(name: string, options: PasswordOptions & { readonly admin?: boolean }): Promise<void> {
  await withStore(options.data, async ({ users }) => {
    const password = await choosePassword(options, name);
    const user = await createUser(users, { name, password, admin: options.admin ?? false });
    await report(options, { name: user.name, admin: user.admin }, `Added ${user.name}`, password);
  });
}

async function changePassword(name: string, options: PasswordOptions): Promise<void> {
  await withStore(options.data, async ({ users }) => {
    const password = await choosePassword(options, name);
    await setPassword(users, name, password);
    await report(options, { name }, `${name} has a new password`, password);
  });
}

async function list({ data, json }: DataOptions): Promise<void> {
  for (const { name, admin, createdAt } of await withStore(data, ({ users }) => users.listUsers())) {
    const since = new Date(createdAt).toISOString();
    const shown = json
      ? printJson({ name, admin, createdAt: since })
      : print(`${since.slice(0, 10)}  ${admin ? "admin" : "     "}  ${name}`);
    if (!(await shown)) return;
  }
}

async function choosePassword({ passwordStdin, generate }: PasswordOptions, name: string): Promise<string> {
  if (passwordStdin && generate) throw usage("--password-stdin and --generate exclude each other");
  if (generate) return generatePassword();
  if (passwordStdin) return readPasswordFromStdin();
  if (process.stdin.isTTY) return readPasswordFromTerminal(name);
  throw usage("there is no terminal to ask for the password at");
}

/** A password that was made here is shown; one that was typed is not. */
async function report(
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
