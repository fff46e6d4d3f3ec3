import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import {
  type Case,
  type Comparison,
  type Contender,
  compare,
  type Effort,
  type Figures,
  type MeasureOptions,
} from "../harness/comparison.ts";
import { makeDataFolder } from "../harness/machine.ts";
import { Role } from "../harness/role.ts";
import type { Keeper } from "./keeper.ts";
import type { RecordName } from "./records.ts";

const TEXT_BYTES = 200;
/**
 * The two ends of group commit: a lone publisher who waits, with a signed head for each message, and many who do not.
 * Writing the former takes a sync for each message, so a part of the entries must do.
 */
const WRITTEN = [
  { label: "a commit for each message", perCommit: 1, share: 0.1 },
  { label: "64 messages a commit", perCommit: 64, share: 1 },
];
const PER = 100_000;

/** What a record takes on the disk, and how long it takes to recompute all of it. */
export async function measureEvidence(effort: Effort, { profileTo, log }: MeasureOptions): Promise<Comparison> {
  const count = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  const folder = makeDataFolder();
  try {
    const cases: Case[] = [];
    const parts: string[] = [];
    for (const { label, perCommit, share } of WRITTEN) {
      const entries = effort.entries * share;
      log(`evidence: ${count(entries)} entries, ${label}`);
      const ours = await Kept.write("redroom", join(folder, `ours-${perCommit}.db`), entries, perCommit, profileTo);
      const peer = await Kept.write("plain", join(folder, `peer-${perCommit}.db`), entries, perCommit, profileTo);
      cases.push(await compare(label, ours, peer, effort));
      parts.push(`${label} (${count(entries)} of them): ${ours.parts()}`);
    }
    return {
      name: "evidence",
      title: "The record: its size, and the time to verify it",
      method:
        `Texts of ${TEXT_BYTES} bytes in one topic. Red Room: \`verifyStore\`, as ` +
        "`redroom-server verify` runs it, recomputes every leaf, commitment, hash and signature, and has SQLite check the " +
        "file. Peer: the texts with author and time in one table, and SQLite's `PRAGMA integrity_check`, which finds " +
        "neither a changed text nor a missing row. Each verifies in a process of its own. Bytes a message of Red Room's " +
        `file: ${parts.join("; ")}. Medians of ${effort.rounds} rounds.`,
      contenders: { ours: "Red Room", peer: "plain table" },
      metrics: [
        { key: "bytes", label: "file, bytes/message", digits: 0 },
        { key: "seconds", label: `verify, s/${count(PER)} entries`, digits: 2 },
        { key: "cpuSeconds", label: "CPU of it, s", digits: 2 },
        { key: "peakMib", label: "peak memory, MiB", digits: 0 },
      ],
      cases,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One contender's file. */
class Kept implements Contender {
  readonly #record: RecordName;
  readonly #file: string;
  readonly #entries: number;
  readonly #profileTo: string | undefined;

  static async write(
    record: RecordName,
    file: string,
    entries: number,
    perCommit: number,
    profileTo: string | undefined,
  ): Promise<Kept> {
    await using keeper = newKeeper();
    await keeper.ask("write", { record, file, entries, perCommit, textBytes: TEXT_BYTES });
    return new Kept(record, file, entries, profileTo && join(profileTo, `verify-${record}`));
  }

  private constructor(record: RecordName, file: string, entries: number, profileTo: string | undefined) {
    this.#record = record;
    this.#file = file;
    this.#entries = entries;
    this.#profileTo = profileTo;
  }

  /** Verifies all of it, however long that takes. */
  async round(): Promise<Figures> {
    await using keeper = newKeeper(this.#profileTo);
    const run = await keeper.ask("verify", { record: this.#record, file: this.#file });
    const { entries, peakMib } = run;
    if (entries !== this.#entries) throw new Error(`${this.#entries} entries were written, ${entries} verified`);
    const per = PER / entries;
    return {
      bytes: statSync(this.#file).size / entries,
      seconds: run.seconds * per,
      cpuSeconds: run.cpuSeconds * per,
      peakMib,
    };
  }

  /** Where the bytes are: table by table, each with its index. */
  parts(): string {
    const database = new Database(this.#file, { readonly: true });
    const sizes = database
      .prepare("SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) GROUP BY tbl_name")
      .raw()
      .all() as [table: string, bytes: number][];
    database.close();
    const bytes = (wanted: string): string =>
      ((new Map(sizes).get(wanted) ?? 0) / this.#entries).toLocaleString("en-US", { maximumFractionDigits: 0 });
    return `${bytes("contents")} texts and salts, ${bytes("entries")} leaves, hashes and ids, ${bytes("checkpoints")} signed heads`;
  }
}

/** Memory is measured at its highest, so each round has a process of its own. */
const newKeeper = (profileTo?: string): Role<Keeper> => new Role(new URL("keeper.ts", import.meta.url), profileTo);
