import { setTimeout as sleep } from "node:timers/promises";
import { UdpRelay } from "@redroom/sdk/testing";
import { sharedClock } from "../harness/client-event.ts";
import type { Footprint } from "../harness/footprint.ts";
import { grows, measureGrowth, type Sample } from "../harness/growth.ts";
import { Room } from "../harness/room.ts";
import { mib } from "../harness/statistics.ts";
import type { Scenario } from "../scenario.ts";
import { tellOutcome } from "./outcome.ts";

const TITLES = ["Share Deal", "Rückstellungen"];
const PUBLISHERS = ["anna", "bernd"];
const READERS = ["emil", "frida"];
const GUEST = "gast";
const PER_SECOND = 15; // each
const SAMPLE_MS = 3_000;
const CUT_EVERY_MS = 20_000;
const CUT_MS = 3_000;
const BACK_WITHIN_MS = 60_000;
/** A machine that is busy takes them so slowly that a short run lasts longer. */
const MIN_SAMPLES = 24;

/** What each may rise by over the whole run, once it is warm. */
const ALLOWED: Readonly<Record<keyof Footprint, number>> = {
  rssBytes: 16 * 2 ** 20,
  heapBytes: 2 * 2 ** 20,
  externalBytes: 2 * 2 ** 20,
  handles: 3,
  descriptors: 3,
};

/** Everything that happens in a working week: people write, read, look things up, come and go, and lose their network. */
export const soak: Scenario = {
  promise: "however long it runs, memory, handles, connections and file descriptors of server and clients do not grow",
  async run({ minutes, random, log }) {
    await using room = await Room.open({
      people: [...PUBLISHERS, ...READERS, GUEST],
      topics: TITLES,
      server: { logLevel: "debug" },
    });
    await using relay = await UdpRelay.to(room.address, { random: () => random.next() });
    const open = { titles: TITLES, from: "now", reading: "events" } as const;
    const people = await Promise.all([...PUBLISHERS, ...READERS].map((name) => room.enter(name, open, relay.url)));
    for (const publisher of people.slice(0, PUBLISHERS.length)) {
      await publisher.publish({ titles: TITLES, perSecond: PER_SECOND, window: 64 });
    }
    const guest = await room.enter(GUEST, { titles: [], from: "now", reading: "none" }, relay.url);

    const measured: readonly (readonly [string, () => Promise<Footprint>])[] = [
      ["server", () => room.server.ask("footprint", undefined)],
      ...people.map((client) => [client.name, () => client.ask("footprint", undefined)] as const),
    ];
    const samples = new Map<string, Sample[]>();
    const connections: number[] = [];
    const until = sharedClock() + minutes * 60_000;
    let cutAt = sharedClock() + CUT_EVERY_MS;
    for (let taken = 0; sharedClock() < until || taken < MIN_SAMPLES; taken += 1) {
      await sleep(SAMPLE_MS);
      await guest.ask("visit", { address: relay.url, title: TITLES[0] as string });
      for (const [name, ask] of measured) {
        for (const [what, value] of Object.entries(await ask())) {
          const key = `${name} ${what}`;
          samples.set(key, [...(samples.get(key) ?? []), { at: sharedClock(), value }]);
        }
      }
      if (sharedClock() < cutAt) continue;
      relay.partition();
      await sleep(CUT_MS);
      relay.heal();
      await room.allOnline(BACK_WITHIN_MS);
      connections.push(connectionsNow(room));
      cutAt = sharedClock() + CUT_EVERY_MS;
      log(`${((until - sharedClock()) / 60_000).toFixed(1)} minutes to go, ${connections.at(-1)} connections`);
    }
    const healed = await room.allOnline(BACK_WITHIN_MS);
    // A guest's farewell may be lost with the network: the server then waits for two heartbeats.
    const left = (): boolean => connectionsNow(room) <= people.length + 1;
    await room.until(left, BACK_WITHIN_MS, () => `the server holds ${connectionsNow(room)} connections`);
    await sleep(2_000);
    const faults = await room.conclude([...PUBLISHERS, ...READERS]);

    const levels: Record<string, string> = {};
    for (const [key, series] of samples) {
      const what = key.slice(key.indexOf(" ") + 1) as keyof Footprint;
      const growth = measureGrowth(series);
      const show = what.endsWith("Bytes") ? mib : String;
      if (grows(growth, ALLOWED[what])) {
        faults.push(
          `${key} grows: from ${show(growth.from)} to ${show(growth.to)}, by its trend ${show(growth.trend)}`,
        );
      }
      if (key.startsWith("server")) levels[key] = `${show(growth.from)} → ${show(growth.to)}`;
    }
    return tellOutcome(room, faults, healed, { ...levels, "connections at most": String(Math.max(...connections)) });
  },
};

/** By the server's own log. */
function connectionsNow(room: Room): number {
  const count = (what: string): number => room.log.filter(({ msg }) => msg === `somebody is ${what}`).length;
  return count("online") - count("offline");
}
