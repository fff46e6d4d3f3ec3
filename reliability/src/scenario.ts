import type { SeededRandom } from "@redroom/sdk/testing";

/** A promise of docs/reliability.md, held to with real processes. */
export interface Scenario {
  /** What is held, as a sentence. */
  readonly promise: string;
  /** Why it cannot be tried on this machine; `undefined` where it can. */
  readonly hindrance?: () => string | undefined;
  run(options: RunOptions): Promise<Outcome>;
}

interface RunOptions {
  /** Seconds instead of minutes: shows that all works, and proves less. */
  readonly short: boolean;
  /** Decides the moments of the faults. */
  readonly random: SeededRandom;
  /** Of the soak. */
  readonly minutes: number;
  readonly log: (line: string) => void;
}

export interface Outcome {
  /** One sentence each; nothing when the promise was kept. */
  readonly faults: readonly string[];
  /** What was counted and measured, in the order of reading. */
  readonly measured: Readonly<Record<string, string>>;
}
