import { type EventOf, eventsOf, type History, type RecordedEntry } from "./history.ts";
import type { Walk } from "./log-walk.ts";
import { walks } from "./regulated-invariants.ts";
import { expected, userOf, type View, views } from "./views.ts";

const READ_ADDRESSED = ["interviewer", "interviewee", "superuser"];
const READ_ALL = ["archivist", "legal", "superuser"];
const FOR_ALL = ["membership", "delivery"];

/** Whether somebody with these roles is to have the content of an entry that is not sealed for them. */
function mayRead({ kind, author, to }: RecordedEntry, user: string, roles: readonly string[], open: boolean): boolean {
  const has = (wanted: readonly string[]): boolean => roles.some((role) => wanted.includes(role));
  const readsAddressed = open || has(READ_ADDRESSED);
  if (!readsAddressed && !has(READ_ALL)) return false;
  if (FOR_ALL.includes(kind) || author === user || has(READ_ALL)) return true;
  return to.length === 0 || to.includes(user);
}

/**
 * What a server has written to somebody is judged by all the roles that they may have had by then: from those that it knew to
 * be durable, to those that were durable without an answer.
 */
export function kept(history: History): string[] {
  const read = new Map(walks(history));
  const known = new Map<string, EventOf<"knows">[]>();
  const durable = new Map<string, number>();
  return history.events.flatMap((event) => {
    if (event.type === "knows") {
      const key = `${event.server} ${event.topic}`;
      known.set(key, [...(known.get(key) ?? []), event]);
      durable.set(event.topic, Math.max(event.last, durable.get(event.topic) ?? 0));
    } else if (event.type === "committed") durable.set(event.topic, event.last);
    if (event.type !== "sentTo") return [];
    const { server, topic, user, what, seq, at } = event;
    const sent = `${user} is sent ${what}${seq === undefined ? "" : ` with the text of ${topic} ${seq}`} at ${at} ms`;
    if (seq === 0) return [`${sent}: a text where none belongs`];
    // In the turn in which it hears of them, it may not have come to its readers.
    const heard = known.get(`${server} ${topic}`)?.findLast(({ step }) => step < event.step)?.last ?? 0;
    const log = read.get(topic);
    const head = durable.get(topic) ?? 0;
    const possible = log === undefined ? [[]] : rolesBetween(log, user, heard, head);
    if (!history.open && possible.every((roles) => roles.length === 0)) return [`${sent}, and is no member`];
    const entry = seq === undefined ? undefined : history.record.get(topic)?.[seq - 1];
    if (entry === undefined || log === undefined) return [];
    if (!possible.some((roles) => mayRead(entry, user, roles, history.open))) return [`${sent}, which is not for them`];
    return isSealedAt(history, topic, log, entry.seq, user, head) ? [`${sent}, which is sealed for them`] : [];
  });
}

/** The roles that somebody had behind the entry `known`, and all that they got up to the entry `head`. */
function rolesBetween({ roles }: Walk, user: string, known: number, head: number): (readonly string[])[] {
  const own = roles.filter((change) => change.user === user && change.seq <= head);
  const before = own.findLast(({ seq }) => seq <= known)?.roles ?? [];
  return [before, ...own.filter(({ seq }) => seq > known).map((change) => change.roles)];
}

function isSealedAt(history: History, topic: string, log: Walk, seq: number, user: string, head: number): boolean {
  if (log.everSealed.get(seq) !== user) return false;
  const reveal = revealOf(history, topic, seq);
  return reveal === undefined || reveal.seq > head;
}

const revealOf = (history: History, topic: string, seq: number): RecordedEntry | undefined =>
  history.record.get(topic)?.find(({ kind, re }) => kind === "reveal" && re === seq);

/** What clients have shown: all that is for its reader, a sealed answer by the commitment it has for ever, its text once. */
export function handedOver(history: History): string[] {
  const read = new Map(walks(history));
  const [rested] = eventsOf(history, "rested");
  return views(history.events).flatMap((view) => {
    const log = read.get(view.opens.topic);
    if (log === undefined) return [];
    const lasting = rested !== undefined && (view.stopped === undefined || view.stopped.at > rested.at);
    return [...twice(view), ...withheld(history, log, view), ...(lasting ? unrevealed(history, view) : [])];
  });
}

function twice({ opens, reads }: View): string[] {
  const seen = new Set<number>();
  return reads.flatMap(({ seq }) => {
    const again = seen.has(seq);
    seen.add(seq);
    return again ? [`${opens.reader} reads ${seq} twice`] : [];
  });
}

function withheld(history: History, log: Walk, { opens, passes }: View): string[] {
  const user = userOf(opens.client);
  const roles = log.roles.filter((change) => change.user === user);
  return passes.flatMap(({ seq, commitment }) => {
    const entry = history.record.get(opens.topic)?.[seq - 1];
    if (entry === undefined) return [`${opens.reader} comes to ${seq}, which is not on record`];
    const sealed = log.everSealed.get(seq) === user;
    if (commitment !== undefined) {
      return sealed && commitment === entry.commitment ? [] : [`${opens.reader} sees ${seq} sealed, as it is not`];
    }
    const always = history.open ? [[]] : roles.map((change) => change.roles);
    const theirs = always.length > 0 && always.every((some) => mayRead(entry, user, some, history.open));
    return theirs || sealed ? [`${opens.reader} does not get ${seq}, which is for them`] : [];
  });
}

/** Of those who are there to the end: an answer comes with its reveal, or was read before, once it was no longer sealed. */
function unrevealed(history: History, view: View): string[] {
  const user = userOf(view.opens.client);
  const read = new Set(view.reads.map(({ seq }) => seq));
  return expected(history.events, view).flatMap(({ seq }) => {
    const reveal = history.record.get(view.opens.topic)?.[seq - 1];
    if (reveal?.kind !== "reveal" || reveal.to[0] !== user || read.has(reveal.re ?? 0)) return [];
    return [`${view.opens.reader} never reads ${reveal.re}, which ${seq} reveals`];
  });
}
