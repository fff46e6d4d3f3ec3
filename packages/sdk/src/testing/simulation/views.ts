import type { EventOf, HistoryEvent } from "./history.ts";

/** A reader's view, from its opening to its end. */
export interface View {
  readonly opens: EventOf<"opens">;
  readonly opened: EventOf<"opened"> | undefined;
  readonly stopped: EventOf<"stops"> | undefined;
  readonly reads: readonly EventOf<"reads">[];
  readonly passes: readonly EventOf<"passes">[];
  /** All that it has come to, in this order. */
  readonly shows: readonly Shown[];
}

/** What a view has come to: where it stands in the log, which is for an answer that was sealed the place of its reveal. */
interface Shown {
  readonly place: number;
  readonly at: number;
  readonly revealed: boolean;
}

/** Who is behind a client. */
export const userOf = (client: string): string => client.replace(/ \d+$/, "");

/** All views, in the order of their opening. */
export function views(events: readonly HistoryEvent[]): readonly View[] {
  const byReader = new Map<string, Growing>();
  for (const event of events) {
    if (event.type === "opens") {
      byReader.set(event.reader, {
        opens: event,
        opened: undefined,
        stopped: undefined,
        reads: [],
        passes: [],
        shows: [],
      });
    } else if ("reader" in event) {
      const view = byReader.get(event.reader);
      if (view !== undefined) grow(view, event);
    }
  }
  return [...byReader.values()];
}

type Growing = { -readonly [K in keyof View]: View[K] } & {
  reads: EventOf<"reads">[];
  passes: EventOf<"passes">[];
  shows: Shown[];
};

function grow(view: Growing, event: EventOf<"reads" | "passes" | "opened" | "stops">): void {
  if (event.type === "opened") view.opened = event;
  else if (event.type === "stops") view.stopped = event;
  else if (event.type === "passes") {
    view.passes.push(event);
    view.shows.push({ place: event.seq, at: event.at, revealed: false });
  } else {
    view.reads.push(event);
    const { seq, at, revealedBy } = event;
    view.shows.push({ place: revealedBy ?? seq, at, revealed: revealedBy !== undefined });
  }
}

/** The messages that are for a view, with the time at which each became durable. */
export function expected(
  events: readonly HistoryEvent[],
  { opens, opened, shows }: View,
): { readonly seq: number; readonly at: number }[] {
  const first = shows[0]?.place ?? Number.POSITIVE_INFINITY;
  return events.flatMap((event) =>
    event.type !== "committed" || event.topic !== opens.topic
      ? []
      : event.messages
          .filter((seq) => {
            if (opens.from > 0) return seq >= opens.from;
            // Whoever wants what comes gets it from the answer to the opening on, or from earlier.
            return seq >= first || (opened !== undefined && event.step > opened.step);
          })
          .map((seq) => ({ seq, at: event.at })),
  );
}

/** What is still to be read in the views that go on. */
export function unread(events: readonly HistoryEvent[]): string[] {
  return views(events)
    .filter(({ stopped }) => stopped === undefined)
    .flatMap((view) => {
      const read = new Set(view.shows.map(({ place }) => place));
      const missing = expected(events, view).filter(({ seq }) => !read.has(seq));
      return missing.map(({ seq }) => `${view.opens.reader} has not read ${seq}`);
    });
}
