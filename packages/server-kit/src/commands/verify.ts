import { readFile } from "node:fs/promises";
import { RedRoomError } from "@redroom/sdk";
import { type StoreFault, type Verification, verifyStore } from "@redroom/sdk/sqlite";
import type { Command } from "commander";
import { requireInitialised } from "../data-folder.ts";
import { print, printJson } from "../output.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";
import { showProgress } from "./progress.ts";

interface VerifyOptions extends DataOptions {
  readonly topic?: string;
  readonly checkpoint?: readonly string[];
}

export function addVerify(program: Command): void {
  program
    .command("verify")
    .description("recompute the whole record from the database and say what does not hold; also while the server runs")
    .addOption(dataOption())
    .option("--topic <topic>", "only this topic: its title or id")
    .option("--checkpoint <file...>", "signed checkpoints of earlier exports or of clients, to hold the record against")
    .addOption(jsonOption())
    .action(verify);
}

async function verify({ data, topic, checkpoint = [], json }: VerifyOptions): Promise<void> {
  const { database } = requireInitialised(data);
  const checkpoints = await Promise.all(checkpoint.map(readNote));
  const progress = showProgress(process.stderr);
  let verified: Verification;
  try {
    verified = await verifyStore(database, { topic, checkpoints, onProgress: progress.show });
  } finally {
    progress.clear();
  }
  const { faults, topics, entries } = verified;
  if (json) await printJson({ topics, entries, faults });
  const [first] = faults;
  if (first !== undefined) throw damaged(first, faults.length - 1);
  if (!json)
    await print(`Verified ${count(topics, "topic")} with ${count(entries, "entry", "entries")}: everything holds.`);
}

async function readNote(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new RedRoomError("OPTIONS_INVALID", `unable to read the checkpoint ${file}; ${(cause as Error).message}`, {
      cause,
    });
  }
}

function damaged({ topic, seq, kind, message }: StoreFault, more: number): RedRoomError {
  const place = [topic === undefined ? "" : `topic "${topic}"`, seq === undefined ? "" : `entry ${seq}`, kind];
  const others = more === 0 ? "" : ` (and ${count(more, "fault")} more: --json)`;
  return new RedRoomError(
    "RECORD_DAMAGED",
    `unable to vouch for the record; ${place.filter(Boolean).join(", ")}: ${message}${others}`,
    { remedy: "keep the database as it is, restore a backup elsewhere, and verify that" },
  );
}

const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
