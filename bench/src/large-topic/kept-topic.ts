import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Made, makeTopic } from "./make-topic.ts";
import { makePlainTable } from "./plain-table.ts";

/** A topic in its file, and beside it the same messages in a plain table. */
export interface KeptTopic extends Made {
  readonly file: string;
  readonly plainFile: string;
  readonly fileBytes: number;
  readonly plainFileBytes: number;
}

/** Takes what an earlier run has left in a folder, or makes it. */
export async function keptTopic(folder: string, megabytes: number, log: (line: string) => void): Promise<KeptTopic> {
  const path = (ending: string): string => join(folder, `topic-${megabytes}${ending}`);
  const [file, plainFile, facts] = [path(".db"), path(".plain.db"), path(".json")];
  if (!existsSync(facts)) {
    // What is there was not finished.
    for (const name of [file, plainFile]) {
      for (const ending of ["", "-wal", "-shm", ".log-key"]) rmSync(`${name}${ending}`, { force: true });
    }
    log(`making a topic of ${megabytes} MB`);
    const made = await makeTopic(file, megabytes * 1e6, log);
    log("copying it into a plain table");
    makePlainTable(file, plainFile);
    writeFileSync(facts, `${JSON.stringify(made)}\n`);
  }
  const made = JSON.parse(readFileSync(facts, "utf8")) as Made;
  const [fileBytes, plainFileBytes] = [statSync(file).size, statSync(plainFile).size];
  log(`${describe({ ...made, file, plainFile, fileBytes, plainFileBytes })}; made in ${made.seconds.toFixed(0)} s`);
  return { ...made, file, plainFile, fileBytes, plainFileBytes };
}

export function describe({ entries, textBytes, fileBytes, plainFileBytes }: KeptTopic): string {
  const mb = (bytes: number): string => `${(bytes / 1e6).toLocaleString("en-US", { maximumFractionDigits: 1 })} MB`;
  return (
    `${mb(textBytes)} of text in ${entries.toLocaleString("en-US")} entries, a file of ${mb(fileBytes)} ` +
    `(the plain table's: ${mb(plainFileBytes)})`
  );
}
