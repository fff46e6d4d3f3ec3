import { readFileSync } from "node:fs";
import { RedRoomError } from "@redroom/sdk";
import { Command, CommanderError } from "commander";
import { addAddress } from "./commands/address.ts";
import { addCertificate } from "./commands/certificate.ts";
import { addErase } from "./commands/erase.ts";
import { addExport } from "./commands/export.ts";
import { addInit } from "./commands/init.ts";
import { addPrepared } from "./commands/prepared.ts";
import { addStart } from "./commands/start.ts";
import { addTopic } from "./commands/topic.ts";
import { addUser } from "./commands/user.ts";
import { addVerify } from "./commands/verify.ts";
import { EXIT_CODES, exitCodeOf, OK, UNEXPECTED, USAGE } from "./exit-codes.ts";
import { printError } from "./output.ts";

/** Runs one command. @returns The exit code; what went wrong is one line on standard error. */
export async function run(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: "user" });
    return OK;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE;
    printError(error);
    return error instanceof RedRoomError ? exitCodeOf(error.code) : UNEXPECTED;
  }
}

function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  const program = new Command("redroom-server")
    .description("Runs a Red Room server: confidential discussions whose record is evidence.")
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const reason = text
          .replace(/^error: /, "")
          .replace(/\s+/g, " ")
          .trim()
          .replace(/\.$/, "");
        write(`redroom-server: unable to understand the command; ${reason}; see redroom-server --help\n`);
      },
    });
  for (const add of [
    addInit,
    addStart,
    addUser,
    addTopic,
    addPrepared,
    addVerify,
    addExport,
    addErase,
    addAddress,
    addCertificate,
  ])
    add(program);
  return program.addHelpText("afterAll", `\nExit codes:\n${exitCodeTable()}`);
}

const exitCodeTable = (): string =>
  EXIT_CODES.map(({ exit, meaning }) => `  ${String(exit).padEnd(5)}${meaning}`).join("\n");
