import { setTimeout as sleep } from "node:timers/promises";
import { UdpRelay } from "@redroom/sdk/testing";
import { sharedClock } from "../harness/client-event.ts";
import { Room } from "../harness/room.ts";
import { describeTimes, ms } from "../harness/statistics.ts";
import type { Scenario } from "../scenario.ts";
import { enterCrowd, PEOPLE, TOPICS } from "./crowd.ts";
import { tellOutcome } from "./outcome.ts";

const BACK_WITHIN_MS = 60_000;
/** Every third datagram is lost, others come twice, too late, or damaged. */
const BAD = { lossRate: 0.3, reorderRate: 0.1, duplicateRate: 0.1, corruptRate: 0.01, delayMs: 10, jitterMs: 10 };
const CLEAR = { lossRate: 0, reorderRate: 0, duplicateRate: 0, corruptRate: 0, delayMs: 0, jitterMs: 0 };

/** All clients behind one relay; five times per second and publisher, since much more does not pass at 30 % loss. */
export const badNetwork: Scenario = {
  promise: "30 % loss, reordering, duplicates, partitions and new source ports lose nothing and double nothing",
  async run({ short, random, log }) {
    await using room = await Room.open({ people: PEOPLE, topics: TOPICS });
    await using relay = await UdpRelay.to(room.address, { random: () => random.next() });
    await enterCrowd(room, { perSecond: 5, address: relay.url });

    const badMs = short ? 8_000 : 120_000;
    log(`30 % loss, reordering, duplicates, damage for ${ms(badMs)}`);
    relay.change(BAD);
    await sleep(badMs);
    relay.change(CLEAR);
    await room.allOnline(BACK_WITHIN_MS);

    const cutMs = short ? 3_000 : 10_000;
    for (const way of [undefined, "toServer", "toClient"] as const) {
      log(`no network ${way ?? "both ways"} for ${ms(cutMs)}`);
      relay.partition(way);
      await sleep(cutMs);
      relay.heal();
      await room.allOnline(BACK_WITHIN_MS);
      if (short) break;
    }

    const recoveries: number[] = [];
    for (let change = 1; change <= (short ? 2 : 5); change++) {
      log(`everybody's source port changes (${change})`);
      const changedAt = sharedClock();
      const before = new Map([...room.clients.values()].map((client) => [client, client.counts.read]));
      await relay.changeSourcePorts();
      await room.until(
        () => [...before].every(([{ state, counts }, read]) => state === "online" && counts.read > read + 20),
        BACK_WITHIN_MS,
        () => `change ${change} of the source ports: not everybody reads on`,
      );
      recoveries.push(sharedClock() - changedAt);
    }
    const healed = await room.allOnline(BACK_WITHIN_MS);
    await sleep(2_000);
    const faults = await room.conclude(PEOPLE);
    return tellOutcome(room, faults, healed, {
      "all read on after a change of all source ports": describeTimes(recoveries),
    });
  },
};
