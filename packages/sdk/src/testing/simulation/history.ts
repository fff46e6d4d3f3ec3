import type { EntryKind, MessageKind } from "../../base/message-kind.ts";
import type { QuestionState } from "../../rules/topic-state.ts";

/** Something that a simulation has seen happen. */
export type Happening =
  /** A client hands a message to `send`; `again`: under an id that it has used for it before. */
  | {
      readonly type: "sends";
      readonly client: string;
      readonly topic: string;
      readonly text: string;
      readonly id: string;
      readonly again: boolean;
    }
  | {
      readonly type: "acked";
      readonly client: string;
      readonly topic: string;
      readonly text: string;
      readonly id: string;
      readonly seq: number;
      readonly duplicate: boolean;
    }
  | {
      readonly type: "failed";
      readonly client: string;
      readonly topic: string;
      readonly text: string;
      readonly id: string;
      readonly code: string;
      /** The server has answered: it is not stored. Otherwise nobody knows. */
      readonly refused: boolean;
      readonly kind: MessageKind;
      readonly again: boolean;
    }
  /** A view of a topic begins: with the first entry, a certain one, or (0) with what comes. It lives as long as its owner. */
  | {
      readonly type: "opens";
      readonly reader: string;
      readonly client: string;
      readonly topic: string;
      readonly from: number;
    }
  /** It is answered: what is committed from here on is for it. */
  | { readonly type: "opened"; readonly reader: string }
  | {
      readonly type: "reads";
      readonly reader: string;
      readonly seq: number;
      readonly id: string;
      readonly author: string;
      readonly kind: EntryKind;
      readonly text: string;
      /** It was sealed, and has come behind this reveal. */
      readonly revealedBy?: number | undefined;
    }
  /** A view comes to an entry without its text; `commitment`: of one that is sealed. */
  | { readonly type: "passes"; readonly reader: string; readonly seq: number; readonly commitment?: string | undefined }
  /** The view ends; `enough`: its owner wanted no more. */
  | {
      readonly type: "stops";
      readonly reader: string;
      readonly enough?: boolean | undefined;
      readonly code?: string | undefined;
    }
  | {
      readonly type: "state";
      readonly client: string;
      readonly state: string;
      readonly code?: string | undefined;
      readonly retryInMs?: number | undefined;
    }
  /** Entries have become durable; whoever wrote them may not know yet. */
  | {
      readonly type: "committed";
      readonly topic: string;
      readonly first: number;
      readonly last: number;
      /** Those that people read: neither deliveries nor memberships. */
      readonly messages: readonly number[];
      readonly checkpoint: string;
    }
  /** A server was told by its store that it does not work, or that it does. */
  | { readonly type: "storeAnswered"; readonly server: string; readonly worked: boolean }
  | { readonly type: "serverSent"; readonly server: string; readonly what: "ack" | "entry" }
  /** A server has begun with a log of so many entries, or was told that they are durable. */
  | { readonly type: "knows"; readonly server: string; readonly topic: string; readonly last: number }
  /** A server wrote something of a topic to somebody; `seq`: the content of this entry. */
  | {
      readonly type: "sentTo";
      readonly server: string;
      readonly user: string;
      readonly topic: string;
      readonly what: string;
      readonly seq?: number | undefined;
    }
  /** A client has verified this checkpoint. */
  | { readonly type: "trusts"; readonly client: string; readonly topic: string; readonly checkpoint: string }
  /** A callback has thrown where nobody can catch it: the process would have ended. */
  | { readonly type: "threw"; readonly error: string }
  | { readonly type: "fault"; readonly what: string }
  /** No fault from here on. */
  | { readonly type: "healed" }
  /** Everything has come to rest, or the time for it is over. */
  | { readonly type: "rested"; readonly waitingFor: readonly string[] };

/** `at`: true time in milliseconds since the simulation began. `step`: what has the same one happened in one turn. */
export type HistoryEvent = Happening & { readonly at: number; readonly step: number };

export type EventOf<T extends Happening["type"]> = Extract<HistoryEvent, { readonly type: T }>;

/** An entry as the record has it in the end. */
export interface RecordedEntry {
  readonly seq: number;
  readonly id: string;
  readonly kind: EntryKind;
  readonly author: string;
  readonly text: string;
  readonly re: number | undefined;
  readonly leaf: string;
  /** Names; of a message to all members: none. */
  readonly to: readonly string[];
  /** Names, of a question of a regulated topic. */
  readonly asked?: readonly string[] | undefined;
  readonly due?: number | undefined;
  /** By the clock of the server that wrote it. */
  readonly at: number;
  readonly commitment: string;
}

/** What the store says of a topic in the end, beside its log: names for pseudonyms. */
export interface RecordedState {
  readonly regulated: boolean;
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly sealed: readonly number[];
  readonly questions: readonly {
    readonly seq: number;
    readonly state: QuestionState;
    readonly asked: readonly string[] | undefined;
  }[];
}

/** All that the invariants are judged by. */
export interface History {
  readonly events: readonly HistoryEvent[];
  /** By topic. */
  readonly record: ReadonlyMap<string, readonly RecordedEntry[]>;
  /** By topic. */
  readonly states: ReadonlyMap<string, RecordedState>;
  /** Whoever can log in may write and read, whatever the roles are: the policy of a plain chat. */
  readonly open: boolean;
  /** Timers that closed clients and servers have left behind. */
  readonly timersLeft: number;
}

export const eventsOf = <T extends Happening["type"]>(history: History, type: T): EventOf<T>[] =>
  history.events.filter((event): event is EventOf<T> => event.type === type);

/** The history as people read it; the same for the same seed, so without ids, hashes and signatures. */
export function traceOf(events: readonly HistoryEvent[]): string[] {
  return events.flatMap((event) => {
    const line = describe(event);
    return line === undefined ? [] : [`${String(event.at).padStart(7)} ms  ${line}`];
  });
}

function describe(event: Happening): string | undefined {
  switch (event.type) {
    case "sends":
      return `${event.client} sends "${event.text}" to ${event.topic}${event.again ? " again" : ""}`;
    case "acked":
      return `${event.client} hears that "${event.text}" is ${event.topic} ${event.seq}${event.duplicate ? " (duplicate)" : ""}`;
    case "failed":
      return `${event.client} hears that "${event.text}" failed: ${event.code}`;
    case "opens":
      return `${event.reader} opens from ${event.from === 0 ? "now" : event.from}`;
    case "opened":
      return `${event.reader} is open`;
    case "reads":
      return `${event.reader} reads ${event.seq} "${event.text}" of ${event.author}${event.revealedBy === undefined ? "" : `, revealed by ${event.revealedBy}`}`;
    case "passes":
      return `${event.reader} comes to ${event.seq}, which is ${event.commitment === undefined ? "for others" : "sealed"}`;
    case "stops":
      return `${event.reader} stops${event.code === undefined ? "" : `: ${event.code}`}`;
    case "state": {
      const why = event.code === undefined ? "" : `: ${event.code}`;
      return `${event.client} is ${event.state}${why}${event.retryInMs === undefined ? "" : `, again in ${event.retryInMs} ms`}`;
    }
    case "committed":
      return `${event.topic} ${event.first}${event.last > event.first ? `-${event.last}` : ""} is durable`;
    case "storeAnswered":
      return event.worked ? undefined : `${event.server} hears that the store does not work`;
    case "serverSent":
    case "sentTo":
    case "knows":
    case "trusts":
      return undefined;
    case "threw":
      return `-- a callback throws: ${event.error}`;
    case "fault":
      return `-- ${event.what}`;
    case "healed":
      return "-- everything heals";
    case "rested":
      return event.waitingFor.length === 0 ? "-- at rest" : `-- no rest: ${event.waitingFor.join("; ")}`;
  }
}
