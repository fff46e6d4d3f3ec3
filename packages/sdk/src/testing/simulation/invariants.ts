import { MESSAGE_KINDS, type MessageKind } from "../../base/message-kind.ts";
import { readCheckpoint } from "../../evidence/checkpoint.ts";
import { appendLeaf, EMPTY_FRONTIER, equalHashes, type Hash, hashLeaf, rootOf } from "../../evidence/merkle.ts";
import { type EventOf, eventsOf, type History, type RecordedEntry } from "./history.ts";
import { IMPATIENT } from "./people.ts";
import { justified, keptState, permitted } from "./regulated-invariants.ts";
import { handedOver, kept } from "./sight-invariants.ts";
import { expected, userOf, views } from "./views.ts";

/** What was promised and not kept. */
export interface Violation {
  /** The invariant's name. */
  readonly invariant: string;
  /** A sentence with names and numbers. */
  readonly what: string;
}

/** How soon everything reaches whoever is online, once no fault is left. */
const DELIVERY_MS = 2_000;

/** Each says what is wrong with a history, in sentences; nothing, where it holds. */
const INVARIANTS: Readonly<Record<string, (history: History) => string[]>> = {
  "no acked message is lost": noneLost,
  "one effect per message id": oneEffect,
  "seq is 1 to n without gap, one value for all readers": oneOrder,
  "each view only grows": viewsGrow,
  "what is sent after an ack comes behind it": causal,
  "nobody reads what nobody sent": noneInvented,
  "an unknown outcome resolves to exactly one effect": resolved,
  "no acks and no deliveries while the store is down": failsClosed,
  "all checkpoints ever signed are consistent": oneLog,
  "everything reaches every online reader within 2 s of healing": delivered,
  "a receipt says only what was read": truthfulReceipts,
  "nothing throws where nobody can catch it": calm,
  "nothing is left behind": tidy,
  "nobody is sent what is not for them, sealed, or behind their removal": kept,
  "each answer is revealed when its reader owes nothing older, and then at once": justified,
  "each reader gets what is theirs, and each answer once, as it was sealed": handedOver,
  "nothing forbidden is on record": permitted,
  "questions and members are what the log says": keptState,
};

export function judge(history: History): Violation[] {
  return Object.entries(INVARIANTS).flatMap(([invariant, broken]) =>
    broken(history).map((what) => ({ invariant, what })),
  );
}

const isMessage = ({ kind }: RecordedEntry): boolean => kind !== "delivery" && kind !== "membership";

/** The server reveals answers in its own name. */
const isOfServer = ({ kind, author }: Pick<RecordedEntry, "kind" | "author">): boolean =>
  kind === "reveal" && author === "server";

const entryAt = (history: History, topic: string, seq: number): RecordedEntry | undefined =>
  history.record.get(topic)?.[seq - 1];

function noneLost(history: History): string[] {
  return eventsOf(history, "acked").flatMap(({ client, topic, seq, text, id }) => {
    const entry = entryAt(history, topic, seq);
    if (entry?.id === id && entry.text === text && entry.author === userOf(client)) return [];
    return [`"${text}" was acked as ${topic} ${seq}, where the record has ${entry ? `"${entry.text}"` : "nothing"}`];
  });
}

function oneEffect(history: History): string[] {
  return [...history.record].flatMap(([topic, entries]) => {
    const seen = new Map<string, number>();
    return entries.flatMap(({ seq, author, id, text }) => {
      const first = seen.get(`${author} ${id}`);
      seen.set(`${author} ${id}`, first ?? seq);
      return first === undefined ? [] : [`"${text}" is ${topic} ${first} and ${topic} ${seq}`];
    });
  });
}

/** What a view must have shown, up to the last that it has: every message from its beginning on. */
function oneOrder(history: History): string[] {
  const gaps = [...history.record].flatMap(([topic, entries]) =>
    entries.flatMap(({ seq }, index) => (seq === index + 1 ? [] : [`${topic} ${index + 1} has the seq ${seq}`])),
  );
  const different = views(history.events).flatMap(({ opens, reads }) =>
    reads.flatMap(({ seq, id, text }) => {
      const entry = entryAt(history, opens.topic, seq);
      return entry?.id === id ? [] : [`${opens.reader} reads "${text}" as ${seq}, the record has "${entry?.text}"`];
    }),
  );
  const missed = views(history.events).flatMap((view) => {
    const last = view.shows.at(-1)?.place ?? 0;
    const seen = new Set(view.shows.map(({ place }) => place));
    return expected(history.events, view)
      .filter(({ seq }) => seq <= last && !seen.has(seq))
      .map(({ seq }) => `${view.opens.reader} has read ${last}, and never ${seq}`);
  });
  return [...gaps, ...different, ...missed];
}

function viewsGrow(history: History): string[] {
  return views(history.events).flatMap(({ opens, shows }) => {
    let last = opens.from - 1;
    return shows.flatMap(({ place, revealed }) => {
      // A revealed answer comes with its reveal.
      const grown = place > last || (revealed && place === last);
      const before = last;
      last = place;
      return grown ? [] : [`${opens.reader} reads ${place} after ${before}`];
    });
  });
}

function causal(history: History): string[] {
  const sent = new Map<string, number>();
  for (const [index, event] of history.events.entries()) {
    if (event.type === "sends" && !sent.has(event.id)) sent.set(event.id, index);
  }
  const broken: string[] = [];
  for (const [topic, entries] of history.record) {
    const acks = history.events.flatMap((event, index) =>
      event.type === "acked" && event.topic === topic ? [{ ...event, index }] : [],
    );
    for (const { id, seq, text } of entries) {
      const sentAt = sent.get(id);
      if (sentAt === undefined) continue;
      const late = acks.find((ack) => ack.index < sentAt && ack.seq >= seq);
      if (late) broken.push(`${topic} ${late.seq} was acked before "${text}" was sent, which is ${seq}`);
    }
  }
  return broken;
}

function noneInvented(history: History): string[] {
  const sends = new Map(eventsOf(history, "sends").map((sent) => [sent.id, sent]));
  const inventions = (
    where: string,
    { id, author, text, kind }: Pick<RecordedEntry, "id" | "author" | "text" | "kind">,
  ): string[] => {
    if (isOfServer({ kind, author })) return [];
    const sent = sends.get(id);
    if (sent !== undefined && sent.text === text && userOf(sent.client) === author) return [];
    return [`${where} is "${text}" of ${author}, which nobody has sent`];
  };
  const read = views(history.events).flatMap(({ opens, reads }) =>
    reads.flatMap((message) => inventions(`${opens.reader} ${message.seq}`, message)),
  );
  const recorded = [...history.record].flatMap(([topic, entries]) =>
    entries.filter(isMessage).flatMap((entry) => inventions(`${topic} ${entry.seq}`, entry)),
  );
  return [...read, ...recorded];
}

/** Only a client that was closed may leave a message unanswered; sent again, it has the one seq that it always had. */
function resolved(history: History): string[] {
  const answers = new Map<string, EventOf<"acked">>();
  const contradictions = eventsOf(history, "acked").flatMap((ack) => {
    const first = answers.get(ack.id);
    answers.set(ack.id, first ?? ack);
    if (first === undefined || first.seq === ack.seq) return [];
    return [`"${ack.text}" was acked as ${first.seq}, then as ${ack.seq}`];
  });
  const onRecord = new Set([...history.record.values()].flat().map(({ author, id }) => `${author} ${id}`));
  const refused = eventsOf(history, "failed").flatMap((failed) => {
    const { client, text, code, id } = failed;
    if (!failed.refused) return [];
    if (onRecord.has(`${userOf(client)} ${id}`)) return [`"${text}" was refused with ${code}, and is on record`];
    return mayBeRefused(history, failed)
      ? []
      : [`"${text}" of ${client} failed with ${code}, and nothing was wrong with it`];
  });
  return [...contradictions, ...refused];
}

/** Why the server may refuse which messages; the checks of what is on record say whether it should have refused more. */
const REFUSALS: Readonly<Record<string, readonly MessageKind[]>> = {
  NOT_ALLOWED: MESSAGE_KINDS,
  RECIPIENT_INVALID: ["question"],
  DEADLINE_INVALID: ["question"],
  TOO_MANY_QUESTIONS: ["question"],
  TOO_MANY_REQUESTS: ["answer", "correction"],
  REFERENCE_INVALID: ["answer", "correction", "withdrawal", "closing", "reveal", "note", "question"],
};

function mayBeRefused({ open }: History, { code, kind }: EventOf<"failed">): boolean {
  if (open && (kind === "question" || kind === "note") && code === "NOT_ALLOWED") return false;
  return REFUSALS[code]?.includes(kind) ?? false;
}

/** From the turn behind the one in which a server heard that its store has failed, until it hears that it works. */
function failsClosed(history: History): string[] {
  const down = new Map<string, { readonly at: number; readonly step: number }>();
  return history.events.flatMap((event) => {
    if (event.type === "storeAnswered" && event.worked) down.delete(event.server);
    else if (event.type === "storeAnswered") down.set(event.server, down.get(event.server) ?? event);
    if (event.type !== "serverSent") return [];
    const since = down.get(event.server);
    if (since === undefined || since.step === event.step) return [];
    return [`${event.server} sends an ${event.what} at ${event.at} ms, its store is down since ${since.at} ms`];
  });
}

function oneLog(history: History): string[] {
  const roots = new Map<string, Hash[]>();
  for (const [topic, entries] of history.record) {
    let frontier = EMPTY_FRONTIER;
    roots.set(
      topic,
      entries.map(({ leaf }) => {
        frontier = appendLeaf(frontier, hashLeaf(leaf)).frontier;
        return rootOf(frontier);
      }),
    );
  }
  const signed = [...eventsOf(history, "committed"), ...eventsOf(history, "trusts")];
  return signed.flatMap(({ topic, checkpoint }) => {
    const { size, root } = readCheckpoint(checkpoint) ?? { size: 0, root: undefined };
    const recorded = roots.get(topic)?.[size - 1];
    if (root !== undefined && recorded !== undefined && equalHashes(root, recorded)) return [];
    return [`a checkpoint of ${size} entries of ${topic} does not fit the record`];
  });
}

function delivered(history: History): string[] {
  const [rested] = eventsOf(history, "rested");
  const [healed] = eventsOf(history, "healed");
  if (rested === undefined || healed === undefined) return ["the simulation came to a stop: everybody waits for ever"];
  const gaveUp = eventsOf(history, "state").flatMap(({ client, state, code }) =>
    state === "failed" ? [`${client} gave up: ${code}`] : [],
  );
  const late = views(history.events)
    .filter(({ stopped }) => stopped === undefined || stopped.at > rested.at)
    .flatMap((view) => {
      const ready = Math.max(healed.at, view.opened?.at ?? 0, onlineSince(history, view.opens.client));
      const readAt = new Map(view.shows.map(({ place, at }) => [place, at]));
      return expected(history.events, view).flatMap(({ seq, at }) => {
        const due = Math.max(ready, at) + DELIVERY_MS;
        const read = readAt.get(seq) ?? due;
        return read <= due ? [] : [`${view.opens.reader} reads ${seq} at ${read} ms, due at ${due} ms`];
      });
    });
  return [...rested.waitingFor.map((what) => `no rest: ${what}`), ...gaveUp, ...late];
}

/** A delivery was recorded only after every message of its range by others had been handed to its recipients. */
function truthfulReceipts(history: History): string[] {
  const broken: string[] = [];
  const all = views(history.events);
  for (const [topic, entries] of history.record) {
    for (const { kind, seq, re = 0, text, to } of entries) {
      if (kind !== "delivery") continue;
      const committed = commitOf(history, topic, seq);
      const range = entries.slice(Number(text) - 1, re).filter(isMessage);
      for (const name of to) {
        if (name === IMPATIENT) continue; // says whatever it likes
        const read = new Set<number>();
        for (const { opens, shows } of all) {
          if (opens.topic !== topic || userOf(opens.client) !== name) continue;
          for (const shown of shows) if (shown.at <= (committed?.at ?? 0)) read.add(shown.place);
        }
        const missing = range.find((message) => message.author !== name && !read.has(message.seq));
        if (missing)
          broken.push(`${topic} ${seq} says that ${name} has ${text} to ${re}, who has not read ${missing.seq}`);
      }
    }
  }
  return broken;
}

function calm(history: History): string[] {
  return eventsOf(history, "threw").map(({ error, at }) => `a callback throws at ${at} ms: ${error}`);
}

function tidy({ timersLeft }: History): string[] {
  return timersLeft === 0 ? [] : [`${timersLeft} timers are pending though everything is closed`];
}

const commitOf = (history: History, topic: string, seq: number): EventOf<"committed"> | undefined =>
  eventsOf(history, "committed").find((commit) => commit.topic === topic && commit.first <= seq && seq <= commit.last);

const onlineSince = (history: History, client: string): number =>
  eventsOf(history, "state").findLast((event) => event.client === client && event.state === "online")?.at ?? 0;
