/** Plays the seeds that it is sent, and answers each with what was broken. */
import { simulate } from "../../../src/testing.ts";

export interface Answer {
  readonly seed: number;
  readonly broken: readonly string[];
}

let playing = 0;

const answer = (seed: number, broken: readonly string[]): void => {
  process.send?.({ seed, broken } satisfies Answer);
};

// Nothing of the SDK may fail unheard.
process.on("unhandledRejection", (reason) => answer(playing, [`unhandled rejection: ${String(reason)}`]));

process.on("message", async (seeds: readonly number[]) => {
  for (const seed of seeds) {
    playing = seed;
    try {
      const { violations } = await simulate({ seed });
      answer(
        seed,
        violations.map(({ invariant, what }) => `${invariant}: ${what}`),
      );
    } catch (error) {
      answer(seed, [`the simulation threw: ${String(error)}`]);
    }
  }
});
