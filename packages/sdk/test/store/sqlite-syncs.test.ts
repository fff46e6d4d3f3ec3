import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { verifyStore } from "../../src/sqlite.ts";
import { newTopic, textsOf } from "../../src/testing/store-entries.ts";
import { childOf, type Line, programArgs } from "./child.ts";
import { openStore } from "./sqlite-files.ts";

const noTrace = (() => {
  try {
    execFileSync("strace", ["-f", "-o", "/dev/null", "true"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "there is no strace that works";
  }
})();
/** A traced process takes its time. */
const itTraced = (what: string, test: () => Promise<void>) =>
  it.skipIf(noTrace !== undefined)(
    `${what}${noTrace === undefined ? "" : ` (skipped: ${noTrace})`}`,
    { timeout: 300_000 },
    test,
  );

/** Runs the program `append` under strace. @returns What it printed, what the system was asked for, and the store. */
async function traced(messages: number, ...options: readonly string[]) {
  const world = await openStore();
  const topic = (await newTopic(world.store)).id;
  await world.store.close();
  const log = join(world.folder, "trace");
  const calls = "trace=openat,close,pwrite64,write,fsync,fdatasync";
  const strace = ["-f", "-s", "5000", "-e", calls, ...options, "-o", log, process.execPath];
  await using child = childOf("strace", [
    ...strace,
    ...programArgs("append", [world.file, topic, "message", `${messages}`]),
  ]);
  const lines = await child.rest();
  return {
    file: world.file,
    lines,
    failed: lines.filter(({ code }) => code !== undefined),
    calls: callsOf(await readFile(log, "utf8")),
    async texts(): Promise<string[]> {
      await world.store.open();
      return textsOf(world.store, topic);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** In the order in which they returned; the two halves of a call that others interrupted are joined. */
function callsOf(log: string): string[] {
  const halves = new Map<string, string>();
  return log.split("\n").flatMap((line) => {
    const [, pid = "", call = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = / <unfinished \.\.\.>$/.exec(call);
    if (begun !== null) {
      halves.set(pid, call.slice(0, begun.index));
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(call);
    return [resumed === null ? call : `${halves.get(pid) ?? ""}${resumed[1]}`];
  });
}

/** What of the write-ahead log was written and not synced when each line was printed. */
function unsyncedAt(calls: readonly string[]) {
  const logs = new Set<string>();
  let unsynced: string[] = [];
  let written = "";
  const printed: { readonly line: Line; readonly unsynced: number; readonly synced: string }[] = [];
  for (const call of calls) {
    const [, opened] = /^openat\([^"]*"[^"]*-wal".* = (\d+)$/.exec(call) ?? [];
    if (opened !== undefined) logs.add(opened);
    const [, name, descriptor = "", rest = ""] = /^(\w+)\((\d+)(.*)$/s.exec(call) ?? [];
    const ours = logs.has(descriptor);
    if (name === "close") logs.delete(descriptor);
    else if (name === "pwrite64" && ours) unsynced.push(rest);
    else if (/sync$/.test(name ?? "") && ours && rest.endsWith("= 0")) {
      written += unsynced.join("");
      unsynced = [];
    } else if (name === "write" && descriptor === "1") {
      const [, json] = /^, "(\{.*\})\\n", \d+\)/.exec(rest) ?? [];
      if (json === undefined) continue;
      printed.push({ line: JSON.parse(json.replaceAll('\\"', '"')), unsynced: unsynced.length, synced: written });
    }
  }
  return printed;
}

describe("a message that was stored", () => {
  itTraced("was synced before anybody was told, bytes and all", async () => {
    await using run = await traced(20);
    const acks = unsyncedAt(run.calls).filter(({ line }) => line.seq !== undefined);
    expect(acks.map(({ line }) => line.seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    for (const { line, unsynced, synced } of acks) {
      expect(unsynced, `writes to the log that were not synced when ${line.seq} was acknowledged`).toBe(0);
      expect(synced).toContain(`\\"text\\":\\"message ${line.seq}\\"`);
    }
  });
});

describe("a sync that fails", () => {
  for (const nth of [4, 5, 6]) {
    itTraced(`fails the message, and the log is written anew before the next one is stored (sync ${nth})`, async () => {
      await using run = await traced(8, "-e", `inject=fsync,fdatasync:error=EIO:when=${nth}`);
      expect(run.failed).toMatchObject([
        { code: "STORE_UNAVAILABLE", retryable: true, message: expect.stringContaining("the disk reports an error") },
      ]);
      const failed = run.calls.findIndex((call) => call.includes("EIO"));
      const behind = run.calls.slice(failed);
      const anew = behind.findIndex((call) => /^pwrite64\(\d+, .*, 0\) = /s.test(call) && !call.includes(", 32, 0)"));
      const next = behind.findIndex((call) => call.startsWith('write(1, "{\\"seq'));
      expect(anew).toBeGreaterThan(0);
      expect(anew).toBeLessThan(next);
      const acked = run.lines.filter(({ seq }) => seq !== undefined).length;
      expect(acked).toBe(7);
      const texts = await run.texts();
      for (const { seq } of run.lines) if (seq !== undefined) expect(texts[seq - 1]).toMatch(/^message \d$/);
      expect(texts.length - acked).toBeLessThanOrEqual(1); // of what failed, nobody knows
      expect((await verifyStore(run.file)).faults.filter(({ kind }) => kind !== "author")).toEqual([]);
      console.info(`rejected after ${run.failed[0]?.ms} ms`);
    });
  }

  itTraced("again and again stores nothing, and says so each time", async () => {
    await using run = await traced(8, "-e", "inject=fsync,fdatasync:error=EIO:when=4+");
    expect(run.failed.length).toBeGreaterThan(5);
    const texts = await run.texts();
    expect(texts.length).toBeGreaterThanOrEqual(run.lines.filter(({ seq }) => seq !== undefined).length);
    console.info(`rejected after at most ${Math.max(...run.failed.map(({ ms = 0 }) => ms))} ms`);
  });
});

describe("a sync that takes long", () => {
  itTraced("holds up the message, and nobody else: the event loop goes on", async () => {
    await using run = await traced(5, "-e", "inject=fsync,fdatasync:delay_enter=300000");
    expect(run.failed).toEqual([]);
    const { ticks = 0, stallMs } = run.lines.at(-1) ?? {};
    expect(ticks).toBeGreaterThan(50);
    console.info(`5 messages with syncs of 300 ms: ${ticks} timers fell due, the longest stall was ${stallMs} ms`);
  });
});
