import type { ClientEvent, EventOf } from "./client-event.ts";

/**
 * How long each message took to each reader: from the call that sent it, or from `since` where it was sent before, until
 * the reader's application had it. What was there before `since` is left out.
 */
export function deliveryTimes(
  told: ReadonlyMap<string, readonly ClientEvent[]>,
  readers: readonly string[],
  { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = {},
): number[] {
  const all = [...told.values()].flat();
  const sent = new Map(all.flatMap((event) => (event.event === "sending" ? [[event.id, event.clock] as const] : [])));
  return readers.flatMap((reader) =>
    (told.get(reader) ?? [])
      .filter((event): event is EventOf<"read"> => event.event === "read")
      .flatMap(({ id, clock }) => {
        const from = sent.get(id);
        return from === undefined || clock < since || from > until ? [] : [clock - Math.max(from, since)];
      }),
  );
}

/** How long each message took from the call that sent it to its ack. */
export function ackTimes(told: ReadonlyMap<string, readonly ClientEvent[]>): number[] {
  const all = [...told.values()].flat();
  const sent = new Map(all.flatMap((event) => (event.event === "sending" ? [[event.id, event.clock] as const] : [])));
  return all.flatMap((event) => {
    const from = event.event === "stored" ? sent.get(event.id) : undefined;
    return from === undefined ? [] : [event.clock - from];
  });
}
