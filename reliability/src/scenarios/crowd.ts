import type { ClientProcess } from "../harness/client-process.ts";
import type { Room } from "../harness/room.ts";

export const TOPICS = ["Share Deal", "Rückstellungen"] as const;
const PUBLISHERS = ["anna", "bernd", "clara", "dieter"] as const;
const READERS = ["emil", "frida"] as const;
export const PEOPLE = [...PUBLISHERS, ...READERS];

export interface Crowd {
  readonly publishers: readonly ClientProcess[];
  readonly readers: readonly ClientProcess[];
}

/**
 * Four publishers and two readers come in while all topics are empty, so that everybody has to read everything: by
 * events from "now" on, which is before the first entry, and one reader by a loop. The first publisher waits for each ack before it sends again.
 */
export async function enterCrowd(room: Room, { perSecond = 20, address = room.address } = {}): Promise<Crowd> {
  const [first, second] = await Promise.all([
    room.enter(READERS[0], { titles: TOPICS, from: "now", reading: "events" }, address),
    room.enter(READERS[1], { titles: TOPICS, from: "start", reading: "loop" }, address),
  ]);
  const publishers = await Promise.all(
    PUBLISHERS.map((name) => room.enter(name, { titles: TOPICS, from: "now", reading: "events" }, address)),
  );
  await Promise.all(
    publishers.map((publisher, i) => publisher.publish({ titles: TOPICS, perSecond, window: i === 0 ? 1 : 32 })),
  );
  return { publishers, readers: [first, second] };
}
