import { messageOf, type ReadEntry, sealedMessageOf } from "./message.ts";
import { type FeedItem, MessageFeed } from "./message-feed.ts";
import type { Person } from "./person.ts";
import { owesReceipt, placeOf } from "./receipt-owed.ts";
import type { TopicAccess } from "./topic-access.ts";
import { TopicReader } from "./topic-reader.ts";
import type { Gaps } from "./topic-record.ts";

/** The record says that these have received the entries from `first` to `last`. */
export interface DeliveryReceipt {
  /** Of the entry that says so. */
  readonly seq: number;
  readonly at: Date;
  readonly first: number;
  readonly last: number;
  readonly by: readonly Person[];
}

/** What lies between the messages, in its place, for whoever wants to know. */
export interface LoopGaps extends Gaps {
  /** Called when the record says who has received what. */
  readonly onReceipt?: (receipt: DeliveryReceipt) => void;
  /** Called for all other entries that are no messages, also for receipts without `onReceipt`: the loop is behind this seq. */
  readonly onPassed?: (seq: number) => void;
}

export interface MessageLoop {
  readonly reader: TopicReader;
  readonly feed: MessageFeed;
}

/**
 * The messages of a topic as an iterator, with a cursor of its own.
 *
 * @param from The first seq; 0 for those to come.
 * @param until `head`: it ends behind the last entry that is there when the topic is opened.
 * @param onOver Nothing more comes from it.
 */
export function openLoop(
  access: TopicAccess,
  from: number,
  until: "head" | undefined,
  { onSealed, onWithheld, onReceipt, onPassed }: LoopGaps,
  onOver: () => void,
): MessageLoop {
  const { host, people, title } = access;
  const { nameOf } = people;
  /** The last seq that is wanted. */
  let last = until === undefined ? Number.POSITIVE_INFINITY : undefined;
  const end = (): void => feed.push(() => void feed.return());
  const put = (place: number, item: FeedItem): void => {
    if (last !== undefined && place > last) return;
    feed.push(item);
    if (place === last) queueMicrotask(end); // an answer comes right behind the entry that reveals it
  };
  const push = (entry: ReadEntry, reveal?: number): void => {
    const message = messageOf(entry, nameOf, reveal);
    const { seq, at } = entry.fields;
    if (message !== undefined) {
      put(reveal ?? seq, message);
    } else if (entry.delivery !== undefined && onReceipt !== undefined) {
      const { first, last, to } = entry.delivery;
      put(seq, () => onReceipt({ seq, at: new Date(at), first, last, by: to.map((one) => people.person(one)) }));
    } else if (onPassed !== undefined || until !== undefined) {
      put(seq, () => onPassed?.(seq));
    }
  };
  const reader: TopicReader = new TopicReader(host, title, from, {
    onOpened: (opened, first) => {
      access.opened(opened, first);
      last ??= opened.topic.head;
      if (first !== undefined && first > last) end();
    },
    onPeople: (message) => people.take(message),
    onEntry: (entry) => {
      people.saw(entry);
      push(entry);
    },
    onRevealed: (answer, reveal) => push(answer, reveal),
    onSealed: (sealed) => {
      const { seq } = sealed.fields;
      people.passed(seq);
      const message = sealedMessageOf(sealed, nameOf);
      put(seq, () => {
        reader.received(seq);
        onSealed?.(message);
      });
    },
    onWithheld: (seq) => {
      people.passed(seq);
      put(seq, () => {
        reader.received(seq);
        onWithheld?.(seq);
      });
    },
    onOver: (error) => {
      onOver();
      feed.finish(error);
    },
  });
  const feed = new MessageFeed({
    pause: () => reader.pause(),
    resume: () => reader.resume(),
    abandon: () => {
      onOver();
      reader.abandon();
    },
    taken: (message) => {
      if (owesReceipt(message, people.self?.id)) reader.received(placeOf(message));
    },
  });
  return { reader, feed };
}
