import { setTimeout as sleep } from "node:timers/promises";
import { Room } from "../harness/room.ts";
import { ms } from "../harness/statistics.ts";
import type { Scenario } from "../scenario.ts";
import { enterCrowd, PEOPLE, TOPICS } from "./crowd.ts";
import { tellOutcome } from "./outcome.ts";

const BACK_WITHIN_MS = 60_000;

/** SIGSTOP and SIGCONT, as a laptop that sleeps or a virtual machine that is moved. */
export const processesStopped: Scenario = {
  promise: "a server or client that stands still for seconds goes on as if nothing had happened",
  hindrance: () => (process.platform === "win32" ? "Windows stops no process" : undefined),
  async run({ short, random, log }) {
    const rounds = short ? 1 : 4;
    await using room = await Room.open({ people: PEOPLE, topics: TOPICS });
    const { publishers, readers } = await enterCrowd(room);
    const standstills: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const someClient = random.chance(0.5) ? readers[random.between(0, 1)] : publishers[random.between(0, 3)];
      for (const [name, victim] of [["server", room.server] as const, [someClient?.name ?? "", someClient] as const]) {
        const stoppedMs = random.between(3_000, short ? 4_000 : 20_000);
        log(`${name} stands still for ${ms(stoppedMs)}`);
        victim?.pause();
        await sleep(stoppedMs);
        victim?.goOn();
        await sleep(random.between(500, short ? 1_000 : 5_000));
        await room.allOnline(BACK_WITHIN_MS);
        standstills.push(ms(stoppedMs));
      }
    }
    const healed = await room.allOnline(BACK_WITHIN_MS);
    await sleep(2_000);
    const faults = await room.conclude(PEOPLE);
    return tellOutcome(room, faults, healed, { "standstills, server and client in turns": standstills.join(", ") });
  },
};
