import { setTimeout as sleep } from "node:timers/promises";
import { sharedClock } from "../harness/client-event.ts";
import type { ClientProcess } from "../harness/client-process.ts";
import { Room } from "../harness/room.ts";
import { makeSmallDisk } from "../harness/small-disk.ts";
import { ms } from "../harness/statistics.ts";
import type { Scenario } from "../scenario.ts";
import { enterCrowd, PEOPLE, TOPICS } from "./crowd.ts";
import { tellOutcome } from "./outcome.ts";
import { STORE_FAULTS, type StoreFault } from "./store-faults.ts";

const CLOSED_WITHIN_MS = 1_000;
const STALL_MS = 50;
const BACK_WITHIN_MS = 60_000;
/** What the server had sent before may arrive behind the news: another stream brings it. */
const UNDER_WAY_MS = 250;

/** A real server whose file goes bad under it, in every way that has a remedy, one after the other. */
export const storeFails: Scenario = {
  promise:
    "when the store fails, acks and deliveries stop within 1 s, everybody is told, and all goes on once it is back",
  hindrance: () => (process.platform === "win32" ? "Windows moves and locks no file that is open" : undefined),
  async run({ short, log }) {
    await using disk = makeSmallDisk();
    await using room = await Room.open({ people: PEOPLE, topics: TOPICS, ...(disk && { parent: disk.folder }) });
    await enterCrowd(room);
    const faults: string[] = [];
    const measured: Record<string, string> = {};
    const stalls = { healthy: 0, failing: 0 };
    for (const fault of STORE_FAULTS) {
      if (fault.needsSmallDisk && disk === undefined) {
        measured[fault.name] = "not tried: only root mounts a small disk";
        continue;
      }
      await room.server.ask("stallMs", undefined);
      await sleep(short ? 1_000 : 5_000);
      stalls.healthy = Math.max(stalls.healthy, await room.server.ask("stallMs", undefined));
      log(fault.name);
      const { told, back, found } = await endure(room, fault, short ? 1_500 : 5_000);
      stalls.failing = Math.max(stalls.failing, await room.server.ask("stallMs", undefined));
      measured[fault.name] = `everybody told within ${ms(told)}, online ${ms(back)} after its end`;
      faults.push(...found.map((what) => `${fault.name}: ${what}`));
    }
    // A busy machine takes the processor away for longer than that: only what comes with the fault is the store's.
    if (stalls.failing > Math.max(STALL_MS, 2 * stalls.healthy)) {
      faults.push(`the server's event loop stood still for ${ms(stalls.failing)}`);
    }
    measured["the server's event loop stood still"] =
      `for ${ms(stalls.failing)} at most, for ${ms(stalls.healthy)} while all was well`;
    const healed = await room.allOnline(BACK_WITHIN_MS);
    await sleep(2_000);
    faults.push(...(await room.conclude(PEOPLE)));
    return tellOutcome(room, faults, healed, measured);
  },
};

interface Endured {
  /** From the fault, or from the last ack where the store went on for a while, until every client said `unavailable`. */
  readonly told: number;
  /** From the end of the fault until every client was online. */
  readonly back: number;
  readonly found: readonly string[];
}

async function endure(room: Room, fault: StoreFault, lastsMs: number): Promise<Endured> {
  const clients = [...room.clients.values()];
  const found: string[] = [];
  const linesBefore = room.log.length;
  const begunAt = sharedClock();
  const end = await fault.begin(room);
  await room.until(
    () => clients.every(({ state }) => state === "unavailable"),
    BACK_WITHIN_MS,
    () => `${fault.name}: ${clients.map(({ name, state }) => `${name} is ${state}`).join(", ")}`,
  );
  const toldAt = sharedClock();
  await sleep(lastsMs);
  const endedAt = sharedClock();
  await end();
  const isMeanwhile = ({ clock }: { readonly clock: number }): boolean => clock > begunAt && clock < endedAt;
  const shut = clients.map((client) => shutTimes(client, isMeanwhile));
  const firstToldAt = Math.min(...shut.map(([first]) => first?.from ?? endedAt));
  const acks = clients.flatMap((client) => client.all("stored")).filter(isMeanwhile);
  const lastAck = Math.max(begunAt, ...acks.map(({ clock }) => clock).filter((clock) => clock < firstToldAt));
  const told = toldAt - (fault.mayGoOn ? lastAck : begunAt);
  if (told > CLOSED_WITHIN_MS) found.push(`only after ${ms(told)} everybody was told`);
  const late = clients.flatMap((client, index) =>
    [...client.all("stored"), ...client.all("read")].filter(({ clock }) =>
      shut[index]?.some(({ from, until }) => clock > from + UNDER_WAY_MS && clock < until),
    ),
  );
  if (late.length > 0) found.push(`${late.length} acks and messages came while the store was said to be unavailable`);
  const unexplained = clients.filter(
    (client) => !client.all("state").some(({ reason, ...at }) => isMeanwhile(at) && reason),
  );
  if (unexplained.length > 0) found.push(`${unexplained.map(({ name }) => name).join(", ")} got no reason`);
  if (room.log.length === linesBefore) found.push("the server's log says nothing");
  await room.allOnline(BACK_WITHIN_MS);
  return { told, back: sharedClock() - endedAt, found };
}

/** From each time that a client was told that the store is unavailable until it was told that it is back. */
function shutTimes(
  client: ClientProcess,
  isMeanwhile: (event: { readonly clock: number }) => boolean,
): { readonly from: number; readonly until: number }[] {
  const changes = client.all("state");
  return changes.flatMap(({ state, clock }, index) => {
    if (state !== "unavailable" || !isMeanwhile({ clock })) return [];
    return [{ from: clock, until: changes[index + 1]?.clock ?? Number.POSITIVE_INFINITY }];
  });
}
