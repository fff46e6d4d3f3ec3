import { readdirSync, readFileSync } from "node:fs";

/** What a process holds. */
export interface Footprint {
  /** Resident memory of its own, where the system tells it apart; else with what is mapped from files, which comes and goes. */
  readonly rssBytes: number;
  /** After a full collection, where the process was started with `--expose-gc`. */
  readonly heapBytes: number;
  /** Outside of the heap: buffers. */
  readonly externalBytes: number;
  /** Sockets, timers, files, workers that keep the event loop alive. */
  readonly handles: number;
  /** Open file descriptors; 0 where the system does not tell. */
  readonly descriptors: number;
}

/** Of this process. */
export function takeFootprint(): Footprint {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    rssBytes: anonymousBytes() ?? rss,
    heapBytes: heapUsed,
    externalBytes: external,
    handles: process.getActiveResourcesInfo().length,
    descriptors: countDescriptors(),
  };
}

function anonymousBytes(): number | undefined {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

function countDescriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

/** For the processes that are measured: the heap's young part grows and shrinks with the load by 48 MiB, which is no leak. */
export const MEASURED = ["--expose-gc", "--max-semi-space-size=2"];
