import type { TopicInfo } from "./topic-stream.ts";

/** A topic as the list shows it. */
export interface TopicListing {
  readonly id: string;
  readonly title: string;
  readonly createdAt: Date;
  /** How many entries it has: the highest seq. */
  readonly head: number;
}

export function toListing({ createdAt, ...topic }: TopicInfo): TopicListing {
  return { ...topic, createdAt: new Date(createdAt) };
}
