import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { median } from "./statistics.ts";

/** Says what a reader needs to compare, and nothing that names the machine. */
export function describeMachine(): string {
  const all = cpus();
  const system = { linux: "Linux", darwin: "macOS", win32: "Windows" }[process.platform as string] ?? process.platform;
  const sync = measureSync().toFixed(2);
  return `${all.length} cores (${all[0]?.model.trim()}), ${system} ${process.arch}, Node ${process.versions.node}; a sync of 4 KiB to its disk takes ${sync} ms`;
}

/** A new folder for data, in the checkout and not in the system's temporary folder: that may be memory, which syncs nothing. */
export function makeDataFolder(): string {
  return mkdtempSync(join(import.meta.dirname, "../../.data-"));
}

/** @returns Milliseconds: what durability costs here at least, whoever writes. */
function measureSync(): number {
  const folder = makeDataFolder();
  const file = openSync(join(folder, "sync"), "w");
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    writeSync(file, Buffer.alloc(4096));
    fdatasyncSync(file);
    times.push(performance.now() - start);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return median(times);
}
