import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharedClock } from "../harness/client-event.ts";
import { Room } from "../harness/room.ts";
import { describeTimes, ms } from "../harness/statistics.ts";
import { findDurable } from "../harness/system-calls.ts";
import type { Scenario } from "../scenario.ts";

const TITLE = "Share Deal";
const PEOPLE = ["anna", "bernd"];
/** Every sync begins so much later: an ack that does not wait for its sync comes before it, and is seen. */
const DELAY_MS = 150;

/** The system calls of a real server, as strace records them. */
export const acksAfterSync: Scenario = {
  promise: "before every ack the bytes of its message were written and synced, in this order",
  hindrance: () => {
    if (process.platform !== "linux") return "strace is a program of Linux";
    try {
      execFileSync("strace", ["-V"], { stdio: "ignore" });
      return undefined;
    } catch {
      return "strace is not installed";
    }
  },
  async run({ short, log }) {
    const messages = short ? 20 : 400;
    const folder = mkdtempSync(join(tmpdir(), "redroom-strace-"));
    const trace = join(folder, "trace");
    try {
      await using room = await Room.open({ people: PEOPLE, topics: [TITLE], server: { wrapper: strace(trace) } });
      const clients = await Promise.all(
        PEOPLE.map((name) => room.enter(name, { titles: [TITLE], from: "start", reading: "events" })),
      );
      log(`${messages} messages; every sync begins ${DELAY_MS} ms late`);
      await Promise.all(clients.map((one) => one.publish({ titles: [TITLE], perSecond: 20, window: 8 })));
      const stored = (): number => clients.reduce((sum, { counts }) => sum + counts.stored, 0);
      await room.until(
        () => stored() >= messages,
        messages * 500,
        () => `${stored()} of ${messages} messages acked`,
      );
      const faults = await room.conclude(PEOPLE);

      const durable = findDurable(readFileSync(trace, "latin1"), "room.db", /(anna|bernd) \d+ /g, DELAY_MS / 1_000);
      const sinceEpoch = performance.timeOrigin + performance.now() - sharedClock();
      const margins: number[] = [];
      for (const client of clients) {
        const texts = new Map(client.all("sending").map(({ id, text }) => [id, text.replace(/x+$/, "")]));
        for (const { id, clock } of client.all("stored")) {
          const text = texts.get(id) ?? "";
          const moment = durable.get(text);
          const margin = moment === undefined ? Number.NaN : clock + sinceEpoch - moment.synced * 1_000;
          if (margin >= 0) margins.push(margin);
          else if (moment === undefined) faults.push(`acked, but never written and synced: "${text}"`);
          else faults.push(`acked ${ms(-margin)} before its sync had ended: "${text}"`);
        }
      }
      return { faults, measured: { acks: String(margins.length), "from sync to ack": describeTimes(margins) } };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** As the grandchild (-D), so that the server is our own child; with what was written in full. */
const strace = (trace: string): string[] => [
  ...["strace", "-D", "-f", "-y", "-ttt", "-T", "-qq", "-s", "70000", "-o", trace],
  ...["-e", "trace=pwrite64,pwritev,write,fdatasync,fsync"],
  ...["-e", `inject=fdatasync,fsync:delay_enter=${DELAY_MS * 1_000}`],
];
