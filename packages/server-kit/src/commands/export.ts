import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { RedRoomError } from "@redroom/sdk";
import type { Command } from "commander";
import { DEFAULT_CONFIG, readConfig } from "../config.ts";
import { requireInitialised, withStore } from "../data-folder.ts";
import { writeFolder } from "../export/output-folder.ts";
import { perspectiveOf } from "../export/perspective.ts";
import { recordExport } from "../export/record-export.ts";
import { writeExport } from "../export/write-export.ts";
import { readPin } from "../identity.ts";
import { print, printJson } from "../output.ts";
import { showAddress } from "../shown-address.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";

interface ExportOptions extends DataOptions {
  readonly topic: string;
  readonly out: string;
  readonly as?: string;
}

export function addExport(program: Command): void {
  program
    .command("export")
    .description("write a topic's record into a folder that anyone can verify offline; also while the server runs")
    .addOption(dataOption())
    .requiredOption("--topic <topic>", "its title or id")
    .requiredOption("--out <folder>", "where to: new or empty")
    .option("--as <user>", "as this user sees it; otherwise as the operator does")
    .addOption(jsonOption())
    .action(exportTopic);
}

async function exportTopic({ data, topic: title, out, as, json }: ExportOptions): Promise<void> {
  const paths = requireInitialised(data);
  const config = (await readConfig(paths.config)) ?? DEFAULT_CONFIG;
  const { address } = showAddress({ ...config, pin: await readPin(paths) });
  const privateKey = await readFile(paths.privateKey, "utf8");
  await withStore(data, async (store) => {
    const topic = (await store.findTopic({ title })) ?? (await store.findTopic({ id: title }));
    if (topic === undefined) throw unknown("TOPIC_UNKNOWN", `there is no topic "${title}"`, "topic list");
    const user = as === undefined ? undefined : await store.users.findUser(as);
    if (as !== undefined && user === undefined) throw unknown("USER_UNKNOWN", `nobody is called "${as}"`, "user list");
    // Before it is put on record: what is refused did not happen.
    await perspectiveOf(user, { store, topic, size: topic.head.seq });

    const { checkpoint, ...counts } = await writeFolder(out, async (draft) => {
      const covering = await recordExport(store, topic.id, user?.name);
      const job = { store, topic, checkpoint: covering, as: user, address, privateKey };
      return { ...(await writeExport(draft, job)), checkpoint: covering };
    });
    const { size: entries, note } = checkpoint;
    const { visible, erased, withheld } = counts;
    const folder = resolve(out);
    await (json
      ? printJson({ folder, topic: topic.id, entries, visible, erased, withheld, checkpoint: note })
      : print(`Exported ${entries} entries of "${topic.title}" to ${folder}. VERIFY.md in it says how to check them.`));
  });
}

const unknown = (code: "TOPIC_UNKNOWN" | "USER_UNKNOWN", reason: string, list: string): RedRoomError =>
  new RedRoomError(code, `unable to export; ${reason}`, { remedy: `see redroom-server ${list}` });
