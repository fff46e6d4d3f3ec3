import { randomBytes } from "node:crypto";
import { cpuTimeUs } from "../harness/cpu.ts";
import { playRole } from "../harness/role.ts";
import { type RecordName, records } from "./records.ts";

interface Writing {
  readonly record: RecordName;
  readonly file: string;
  readonly entries: number;
  readonly textBytes: number;
  /** How many are written in one transaction. */
  readonly perCommit: number;
}

const calls = {
  async write({ record, file, entries, perCommit, textBytes }: Writing) {
    const texts = Array.from({ length: entries }, () => randomBytes(textBytes / 2).toString("hex"));
    await records[record].write(file, texts, perCommit);
  },

  async verify({ record, file }: { readonly record: RecordName; readonly file: string }) {
    const [start, cpuBefore] = [performance.now(), cpuTimeUs()];
    const entries = await records[record].verify(file);
    const seconds = (performance.now() - start) / 1_000;
    const cpuSeconds = (cpuTimeUs() - cpuBefore) / 1_000_000;
    return { entries, seconds, cpuSeconds, peakMib: process.resourceUsage().maxRSS / 1_024 };
  },
};

export type Keeper = typeof calls;

playRole(calls);
