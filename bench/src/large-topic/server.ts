import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RedRoomServer } from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";
import type { TlsPair } from "../harness/certificate.ts";
import { playRole } from "../harness/role.ts";

/** How often the memory is looked at while it is watched. */
const WATCH_MS = 20;
const MIB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let server: RedRoomServer | undefined;
let highest = 0;
let watching: NodeJS.Timeout | undefined;

const calls = {
  async listen({ file, tls }: { readonly file: string; readonly tls: TlsPair }): Promise<string> {
    server = new RedRoomServer({ tls, store: sqliteStore(file) });
    return (await server.listen({ port: 0 })).address;
  },

  /** What the process holds, in MiB, once the main thread has collected its garbage; those of the store do so by themselves. */
  memory(): number {
    collectGarbage();
    return process.memoryUsage.rss() / MIB;
  },

  watchMemory(): void {
    highest = process.memoryUsage.rss();
    watching = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage.rss());
    }, WATCH_MS);
  },

  /** @returns The most since `watchMemory`, in MiB. */
  highestMemory(): number {
    clearInterval(watching);
    return highest / MIB;
  },

  close: () => server?.close(),
};

export type LargeTopicServer = typeof calls;

playRole(calls);
