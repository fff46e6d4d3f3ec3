import type { MessageKind } from "../base/message-kind.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Message } from "../protocol/messages.ts";
import { type Highlight, highlightsOf, queryWords } from "../rules/search-words.ts";
import type { QuestionState } from "../rules/topic-state.ts";
import { messageOf, type NameOf, readEntry, type TopicMessage } from "./message.ts";
import { expectLast, request } from "./request.ts";
import type { Reached } from "./topic-access.ts";
import type { TopicPeople } from "./topic-people.ts";
import { watched } from "./watched.ts";

export interface SearchOptions {
  /** Words that must all occur, or begin a word of the text. */
  readonly text?: string;
  /** Stored at this time, or later. */
  readonly from?: Date;
  /** Stored before this time. */
  readonly until?: Date;
  /** Who has written it: names, pseudonyms, or `"me"`; one of them. */
  readonly by?: readonly string[];
  /** Whom it names: names, pseudonyms, or `"me"`; one of them. */
  readonly to?: readonly string[];
  readonly kinds?: readonly MessageKind[];
  /** Questions in this state, and nothing else. */
  readonly state?: QuestionState;
  /** `true` by default. */
  readonly newestFirst?: boolean;
  /** Goes on behind the message of this seq, in the direction of the search. */
  readonly after?: number;
  /** How many in all; without, as many as there are. */
  readonly limit?: number;
}

/** A message that a search has found. */
export interface Found {
  readonly message: TopicMessage;
  /** Where its text has what was looked for: what `text.slice(start, end)` takes. */
  readonly highlights: readonly Highlight[];
}

/** So many are asked for at a time. */
const PAGE = 50;

/** Pages are asked for as the loop comes to them. Each text is held against its commitment; `proof` shows that it is in the log. */
export async function* search(
  reach: () => Promise<Reached>,
  people: TopicPeople,
  {
    text,
    from,
    until,
    by,
    to,
    kinds,
    state,
    newestFirst = true,
    after,
    limit = Number.POSITIVE_INFINITY,
  }: SearchOptions,
): AsyncGenerator<Found, void, undefined> {
  const { id } = await reach();
  const wanted = {
    type: "search",
    topic: id,
    ...(text !== undefined && { text }),
    ...(kinds !== undefined && { kinds: [...kinds] }),
    ...(state !== undefined && { state }),
    ...(by !== undefined && { authors: by.map((one) => people.find(one)) }),
    ...(to !== undefined && { recipients: to.map((one) => people.find(one)) }),
    ...(from !== undefined && { from: from.getTime() }),
    ...(until !== undefined && { until: until.getTime() }),
    newestFirst,
  } as const;
  const words = queryWords(text ?? "");
  let next = after;
  for (let missing = limit; missing > 0; ) {
    const { link } = await reach(); // a slow loop may outlive a connection
    const size = Math.min(missing, PAGE, link.limits.maxPageEntries);
    const response = await request(link, { ...wanted, ...(next !== undefined && { after: next }), limit: size });
    const page = await watched(link, readPage(response, id, people.nameOf));
    for (const message of page.messages.slice(0, missing)) {
      yield { message, highlights: highlightsOf(message.text, words) };
    }
    missing -= page.messages.length;
    if (page.next === undefined) return;
    next = page.next;
  }
}

async function readPage(response: readonly Message[], topicId: string, nameOf: NameOf) {
  const { next } = expectLast(response, "found");
  const messages: TopicMessage[] = [];
  for (const found of response.slice(0, -1)) {
    if (found.type !== "entry") throw protocolError(`${found.type} has no place among what was found`);
    const message = messageOf(readEntry(found, topicId, undefined), nameOf);
    if (message !== undefined) messages.push(message);
  }
  return { messages, next };
}
