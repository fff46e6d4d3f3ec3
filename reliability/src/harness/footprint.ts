import { readdirSync } from "node:fs";

/** What a process holds. */
export interface Footprint {
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
    rssBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    handles: process.getActiveResourcesInfo().length,
    descriptors: countDescriptors(),
  };
}

function countDescriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}
