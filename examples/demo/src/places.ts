import type { Heard } from "./report.ts";

/**
 * Numbers messages as they were written: 1, 2, 3 … in their topic. In the record, members and deliveries have numbers too,
 * and nobody knows in advance where they fall.
 *
 * @param record Every message of every topic, as the file holds them.
 * @returns What was heard with these numbers; 0 for what the file does not hold.
 */
export function inPlaces(record: readonly Heard[], heard: readonly Heard[]): Heard[] {
  const places = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { topic, seq } of record) {
    const place = (counts.get(topic) ?? 0) + 1;
    counts.set(topic, place);
    places.set(key(topic, seq), place);
  }
  const placeOf = (topic: string, seq: number): number => places.get(key(topic, seq)) ?? 0;
  return heard.map(({ re, ...message }) => {
    const { topic, seq } = message;
    return { ...message, seq: placeOf(topic, seq), ...(re !== undefined && { re: placeOf(topic, re) }) };
  });
}

const key = (topic: string, seq: number): string => `${seq} ${topic}`;
