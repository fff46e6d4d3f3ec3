import { RedRoomError } from "@redroom/sdk";
import type { Command } from "commander";
import { withStore } from "../data-folder.ts";
import { operatorEntry } from "../operator-entry.ts";
import { print, printJson } from "../output.ts";
import { type DataOptions, dataOption, jsonOption, wholeNumber } from "./options.ts";

interface EraseOptions extends DataOptions {
  readonly topic: string;
  readonly seq: number;
  readonly reason: string;
}

const MAX_REASON_CHARACTERS = 1_000;

export function addErase(program: Command): void {
  program
    .command("erase")
    .description("remove the text of one message from all files, and say so on record; also while the server runs")
    .addOption(dataOption())
    .requiredOption("--topic <topic>", "its title or id")
    .requiredOption("--seq <number>", "the message's number", wholeNumber(1, 999_999_999))
    .requiredOption("--reason <text>", "why: stays on record, where every reader of the topic sees it")
    .addOption(jsonOption())
    .action(erase);
}

async function erase({ data, topic: wanted, seq, reason, json }: EraseOptions): Promise<void> {
  checkReason(reason);
  await withStore(data, async (store) => {
    const topic = (await store.findTopic({ title: wanted })) ?? (await store.findTopic({ id: wanted }));
    if (topic === undefined) {
      throw new RedRoomError("TOPIC_UNKNOWN", `unable to erase; there is no topic "${wanted}"`, {
        remedy: "see redroom-server topic list",
      });
    }
    const entry = await operatorEntry(store, topic.id, { kind: "erasure", re: seq, text: () => reason });
    const { entries, duplicate } = await store.erase(topic.id, seq, ...entry);
    const erasure = entries[0]?.seq;
    if (json) await printJson({ topic: topic.id, seq, erasure, duplicate });
    else if (duplicate) await print(`#${seq} was erased before, see #${erasure}. No copy is left in the data folder.`);
    else await print(`Erased #${seq} of "${topic.title}"; #${erasure} says so. Backups and exports still hold it.`);
  });
}

function checkReason(reason: string): void {
  const length = [...reason].length;
  const fault =
    reason.trim() === ""
      ? "it is empty"
      : length > MAX_REASON_CHARACTERS
        ? `it has ${length} characters, at most ${MAX_REASON_CHARACTERS} are allowed`
        : /\p{Cc}/u.test(reason) || !reason.isWellFormed()
          ? "it has control characters, or is not Unicode text"
          : undefined;
  if (fault !== undefined) throw new RedRoomError("OPTIONS_INVALID", `unable to use the reason; ${fault}`);
}
