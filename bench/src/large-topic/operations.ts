/** What is measured of a topic, and of its peer. */
export type Operation = "open" | "page" | "search" | "questions";

/** What an operation needs to know. */
export interface Asked {
  /** Where a page begins. */
  readonly from: number;
  readonly word: string;
}

/** How long something took, and how much came of it: topics, messages, questions. */
export interface Timed {
  readonly ms: number;
  readonly count: number;
}

export async function timed(work: () => Promise<number>): Promise<Timed> {
  const start = performance.now();
  const count = await work();
  return { ms: performance.now() - start, count };
}
