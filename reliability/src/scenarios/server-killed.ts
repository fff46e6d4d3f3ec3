import { setTimeout as sleep } from "node:timers/promises";
import { Room } from "../harness/room.ts";
import type { Scenario } from "../scenario.ts";
import { enterCrowd, PEOPLE, TOPICS } from "./crowd.ts";
import { tellOutcome } from "./outcome.ts";

const BACK_WITHIN_MS = 60_000;

/** `kill -9` at any moment: while it starts, while clients come back, while it works. */
export const serverKilled: Scenario = {
  promise:
    "a server killed at random moments loses nothing that it has acked, stores nothing twice, and everybody goes on",
  async run({ short, random, log }) {
    const rounds = short ? 3 : 50;
    await using room = await Room.open({ people: PEOPLE, topics: TOPICS });
    const { publishers } = await enterCrowd(room);
    const acked = (): number => publishers.reduce((sum, { counts }) => sum + counts.stored, 0);
    for (let round = 1; round <= rounds; round++) {
      const before = acked();
      // One in four dies before it serves anybody; the others once they have acked something since the last time.
      if (round > 1 && random.chance(0.25)) {
        await sleep(random.between(0, 1_500));
      } else {
        await room.until(
          () => acked() > before,
          BACK_WITHIN_MS,
          () => `round ${round}: nothing is acked`,
        );
        await sleep(random.between(0, 1_000));
      }
      await room.server.kill();
      room.restart();
      if (round % 10 === 0) log(`${round} of ${rounds} kills, ${acked()} messages acked`);
    }
    const healed = await room.allOnline(BACK_WITHIN_MS);
    await sleep(2_000);
    const faults = await room.conclude(PEOPLE);
    return tellOutcome(room, faults, healed, { kills: String(rounds) });
  },
};
