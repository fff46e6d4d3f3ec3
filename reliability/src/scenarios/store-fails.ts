import { setTimeout as sleep } from "node:timers/promises";
import { sharedClock } from "../harness/client-event.ts";
import { Room } from "../harness/room.ts";
import { makeSmallDisk } from "../harness/small-disk.ts";
import { ms, worst } from "../harness/statistics.ts";
import type { Scenario } from "../scenario.ts";
import { enterCrowd, PEOPLE, TOPICS } from "./crowd.ts";
import { tellOutcome } from "./outcome.ts";
import { STORE_FAULTS, type StoreFault } from "./store-faults.ts";

const CLOSED_WITHIN_MS = 1_000;
const STALL_MS = 50;
const BACK_WITHIN_MS = 60_000;

/** A real server whose file goes bad under it, in every way that has a remedy, one after the other. */
export const storeFails: Scenario = {
  promise:
    "when the store fails, acks and deliveries stop within 1 s, everybody is told, and all goes on once it is back",
  hindrance: () => (process.platform === "win32" ? "Windows moves and locks no file that is open" : undefined),
  async run({ short, log }) {
    await using disk = makeSmallDisk();
    await using room = await Room.open({ people: PEOPLE, topics: TOPICS, ...(disk && { parent: disk.folder }) });
    await enterCrowd(room);
    const clients = [...room.clients.values()];
    const faults: string[] = [];
    const measured: Record<string, string> = {};
    const stalls: number[] = [];
    for (const fault of STORE_FAULTS) {
      if (fault.needsSmallDisk && disk === undefined) {
        measured[fault.name] = "not tried: only root mounts a small disk";
        continue;
      }
      await room.until(
        () => clients.every(({ counts }) => counts.stored > 0 || counts.read > 0),
        BACK_WITHIN_MS,
        () => "nothing happens",
      );
      await sleep(short ? 500 : 3_000);
      await room.server.ask("stallMs", undefined);
      log(fault.name);
      const { told, back } = await tryFault(room, fault, short ? 1_500 : 5_000, faults);
      stalls.push(await room.server.ask("stallMs", undefined));
      measured[fault.name] = `everybody told within ${ms(told)}, online ${ms(back)} after its end`;
    }
    measured["longest stall of the server's event loop"] = ms(worst(stalls));
    if (worst(stalls) > STALL_MS) faults.push(`the server's event loop stood still for ${ms(worst(stalls))}`);
    const healed = await room.allOnline(BACK_WITHIN_MS);
    await sleep(2_000);
    faults.push(...(await room.conclude(PEOPLE)));
    return tellOutcome(room, faults, healed, measured);
  },
};

/** @returns How long it took until every client said `unavailable`, and from the end of the fault until all were online. */
async function tryFault(
  room: Room,
  fault: StoreFault,
  lastsMs: number,
  faults: string[],
): Promise<{ told: number; back: number }> {
  const clients = [...room.clients.values()];
  const find = (what: string): void => void faults.push(`${fault.name}: ${what}`);
  const linesBefore = room.log.length;
  const begunAt = sharedClock();
  const end = await fault.begin(room);
  await room.until(
    () => clients.every(({ state }) => state === "unavailable"),
    BACK_WITHIN_MS,
    () => `${fault.name}: ${clients.map(({ name, state }) => `${name} ${state}`).join(", ")}`,
  );
  const told = sharedClock() - begunAt;
  await sleep(lastsMs);
  const endedAt = sharedClock();
  await end();
  if (told > CLOSED_WITHIN_MS) find(`only after ${ms(told)} everybody was told`);
  const closedAt = begunAt + told;
  for (const { name, told: events } of clients) {
    const last = events.filter(
      ({ event, clock }) => (event === "stored" || event === "read") && clock > closedAt && clock < endedAt,
    );
    if (last.length > 0) find(`${name} still had ${last.length} acks or messages`);
    if (clients.some((client) => client.all("state").every(({ reason }) => !reason))) find(`${name} got no reason`);
  }
  if (room.log.length === linesBefore) find("the server's log says nothing");
  await room.allOnline(BACK_WITHIN_MS);
  return { told, back: sharedClock() - endedAt };
}
