import { toBase64Url, utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { MESSAGE_KINDS, type MessageKind } from "../base/message-kind.ts";
import { readCheckpoint } from "../evidence/checkpoint.ts";
import type { LeafFields } from "../evidence/leaf.ts";
import { formatLogProof, proofUnavailable } from "../evidence/log-proof.ts";
import type { Limits } from "../protocol/limits.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { QuestionState } from "../rules/topic-state.ts";
import { type Reader, visibilityOf } from "../rules/visibility.ts";
import type { PreparedStore } from "../store/prepared-store.ts";
import type { ReceivedBy, SearchOrder, StoredEntry, TopicStore } from "../store/topic-store.ts";
import type { Answer } from "./answer.ts";
import type { EntryForms } from "./entry-forms.ts";
import type { TopicRoom } from "./topic-room.ts";

/** What a request about one topic is answered by: the room, and who asks. */
export interface TopicAsked {
  readonly room: TopicRoom;
  /** With the rights of this moment. @throws {RedRoomError} `NOT_ALLOWED` when they do not suffice any more. */
  readonly reader: Reader;
  readonly store: TopicStore;
  readonly limits: Limits;
}

/** One page of entries, cut short where it grows large: the reader asks on from where it ends. */
export async function sendHistory(
  { topic, from, limit }: MessageOf<"readHistory">,
  answer: Answer,
  asked: TopicAsked,
): Promise<void> {
  const { room, store } = asked;
  checkPage(limit, asked.limits);
  // Another process may have added it, and a list or a proof have told of it already.
  if (from > (room.checkpoint?.size ?? 0)) await room.refresh();
  const { checkpoint } = room;
  const head = Math.min(checkpoint?.size ?? 0, room.stateSize);
  const entries = from > head ? [] : await room.read(from, Math.min(limit, head - from + 1));
  for (const entry of entries) answer.sendEncoded(entry.as(seenBy(entry, asked)));
  if (checkpoint === undefined || entries.length === 0) {
    const signed = checkpoint && { checkpoint: checkpoint.note };
    answer.send({ type: "historyRead", head: checkpoint?.size ?? 0, frontier: [], ...signed, consistency: [] });
    return;
  }
  const frontier = await store.frontier(topic, from - 1);
  const consistency = await store.proveConsistency(topic, from - 1 + entries.length, checkpoint.size);
  answer.send({
    type: "historyRead",
    head: checkpoint.size,
    frontier: frontier.peaks.map(toBase64Url),
    checkpoint: checkpoint.note,
    consistency: consistency.map(toBase64Url),
  });
}

/** Questions of which something can be seen, each as its entry, and behind them how each stands. */
export async function sendQuestions(
  { topic, limit, type: _, ...filter }: MessageOf<"listQuestions">,
  answer: Answer,
  asked: TopicAsked,
): Promise<void> {
  checkPage(limit, asked.limits);
  const found: MessageOf<"questionList">["questions"] = [];
  let { after } = filter;
  for (let more = true; more && found.length < limit; ) {
    const page = await asked.store.questions(topic, { ...filter, after, limit: limit + 1 });
    for (const { entry, state, asked: waitsFor } of page) {
      if (found.length === limit) break;
      after = entry.seq;
      const [forms] = await visible([entry], asked);
      if (forms === undefined) continue;
      answer.sendEncoded(forms.as(seenBy(forms, asked)));
      const owing = waitsFor && { asked: owedTo(forms.leaf, waitsFor, asked.reader) };
      found.push({ seq: entry.seq, state, ...owing });
    }
    more = page.length > limit;
  }
  answer.send({ type: "questionList", questions: found, more: found.length === limit });
}

/** Who still has to answer, as far as the reader may know: the others see no answer, so not whose is missing either. */
function owedTo({ by }: LeafFields, waitsFor: readonly string[], { pseudonym, capabilities }: Reader): string[] {
  return waitsFor.filter((one) => by === pseudonym || capabilities.has("readAll") || one === pseudonym);
}

/** Entries that are looked at together, however many are asked for: how far a search has come tells nothing of what is hidden. */
const SCANNED = 256;

/** Messages that fit and that the asker may read, and the last of them where there may be more. */
export async function sendFound(
  { topic, limit, newestFirst, state, kinds, type: _, ...filter }: MessageOf<"search">,
  answer: Answer,
  asked: TopicAsked,
): Promise<void> {
  checkPage(limit, asked.limits);
  const order: SearchOrder = newestFirst ? "newest" : "oldest";
  const ofState: readonly MessageKind[] = ["question"];
  const wanted = { ...filter, order, kinds: state === undefined ? (kinds ?? MESSAGE_KINDS) : ofState };
  let { after } = filter;
  let found = 0;
  for (let done = false; !done; ) {
    const page = await asked.store.search(topic, { ...wanted, after, limit: SCANNED });
    for (const forms of await visible(page.entries, asked)) {
      if (!(await isIn(state, forms, asked)) || seenBy(forms, asked) !== "full") continue;
      answer.sendEncoded(forms.as("full"));
      found += 1;
      if (found === limit) return void answer.send({ type: "found", next: forms.leaf.seq });
    }
    after = page.scannedTo;
    done = page.done;
  }
  answer.send({ type: "found" });
}

async function isIn(state: QuestionState | undefined, { leaf }: EntryForms, asked: TopicAsked): Promise<boolean> {
  if (state === undefined) return true;
  const [question] = await asked.store.questions(asked.room.id, { after: leaf.seq - 1, limit: 1 });
  return question?.entry.seq === leaf.seq && question.state === state;
}

/** The messages to pick from, the server's before the topic's own. */
export async function sendPrepared(
  prepared: PreparedStore | undefined,
  answer: Answer,
  { room }: TopicAsked,
): Promise<void> {
  for (const { id, kind, title, topic, text } of (await prepared?.list(room.id)) ?? []) {
    const named = title === undefined ? {} : { title };
    answer.send({ type: "prepared", id, kind, ...named, shared: topic === undefined, body: utf8(text) });
  }
  answer.send({ type: "preparedListed" });
}

/** Who has received an entry that the asker sees, and when. */
export async function sendDeliveries(
  { topic, seq }: MessageOf<"listDeliveries">,
  answer: Answer,
  asked: TopicAsked,
): Promise<void> {
  const entries = await asked.store.read(topic, { from: seq, limit: 1 });
  const [forms] = await visible(entries, asked);
  if (forms?.leaf.seq !== seq) throw notVisible(seq);
  // Everybody confirms what they get, and that may have been no more than its place.
  const sees = ({ pseudonym }: ReceivedBy) => asked.room.shows(forms.leaf, pseudonym);
  const deliveries = (await receivedBy(topic, seq, asked)).filter(sees);
  answer.send({ type: "deliveryList", deliveries: deliveries.map(({ pseudonym, at }) => ({ id: pseudonym, at })) });
}

/** Whom an answer was sealed for had no more than its commitment: they have received it with its reveal. */
async function receivedBy(topic: string, seq: number, { store, room }: TopicAsked): Promise<readonly ReceivedBy[]> {
  const received = await store.deliveriesOf(topic, seq);
  if (!room.regulated) return received;
  const { entries } = await store.search(topic, { kinds: ["reveal"], re: seq, order: "oldest", limit: 1 });
  const [reveal] = await room.formsOf(entries);
  if (reveal === undefined) return received;
  const reader = reveal.leaf.to?.[0];
  const revealed = await store.deliveriesOf(topic, reveal.leaf.seq);
  return [
    ...received.filter(({ pseudonym }) => pseudonym !== reader),
    ...revealed.filter(({ pseudonym }) => pseudonym === reader),
  ].sort((one, other) => one.at - other.at);
}

/** The text of a C2SP tlog-proof, by the newest checkpoint. */
export async function proveEntry(store: TopicStore, { topic, seq }: MessageOf<"proveEntry">): Promise<string> {
  const checkpoint = await store.checkpoint(topic);
  const size = checkpoint === undefined ? 0 : (readCheckpoint(checkpoint)?.size ?? 0);
  if (checkpoint === undefined || seq > size) throw proofUnavailable(seq, size);
  return formatLogProof({ index: seq - 1, hashes: await store.proveInclusion(topic, seq, size), checkpoint });
}

/** Those of some entries of which the asker sees more than the number. */
async function visible(entries: readonly StoredEntry[], asked: TopicAsked): Promise<EntryForms[]> {
  const { room } = asked;
  const known = entries.filter(({ seq }) => seq <= room.stateSize);
  return (await room.formsOf(known)).filter((forms) => seenBy(forms, asked) !== "hidden");
}

const seenBy = ({ leaf }: EntryForms, asked: TopicAsked) => visibilityOf(leaf, asked.reader, asked.room.state);

function checkPage(limit: number, { maxPageEntries }: Limits): void {
  if (limit <= maxPageEntries) return;
  throw new RedRoomError(
    "TOO_MANY_REQUESTS",
    `unable to read ${limit} entries at once; the limit is ${maxPageEntries}`,
  );
}

const notVisible = (seq: number): RedRoomError =>
  new RedRoomError("NOT_ALLOWED", `unable to tell who has received entry ${seq}; your role does not show it`);
