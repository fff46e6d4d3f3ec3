import { messageOf, type ReadEntry, sealedMessageOf } from "./message.ts";
import { MessageFeed } from "./message-feed.ts";
import { owesReceipt, placeOf } from "./receipt-owed.ts";
import type { TopicAccess } from "./topic-access.ts";
import { TopicReader } from "./topic-reader.ts";
import type { Gaps } from "./topic-record.ts";

export interface MessageLoop {
  readonly reader: TopicReader;
  readonly feed: MessageFeed;
}

/**
 * The messages of a topic as an iterator, with a cursor of its own.
 *
 * @param from The first seq; 0 for those to come.
 * @param onOver Nothing more comes from it.
 */
export function openLoop(
  access: TopicAccess,
  from: number,
  { onSealed, onWithheld }: Gaps,
  onOver: () => void,
): MessageLoop {
  const { host, people, title } = access;
  const { nameOf } = people;
  const push = (entry: ReadEntry, reveal?: number): void => {
    const message = messageOf(entry, nameOf, reveal);
    if (message !== undefined) feed.push(message);
  };
  const reader: TopicReader = new TopicReader(host, title, from, {
    onOpened: (opened, first) => access.opened(opened, first),
    onPeople: (message) => people.take(message),
    onEntry: (entry) => {
      people.saw(entry);
      push(entry);
    },
    onRevealed: (answer, reveal) => push(answer, reveal),
    onSealed: (sealed) => {
      people.passed(sealed.fields.seq);
      feed.push(sealedMessageOf(sealed, nameOf));
    },
    onWithheld: (seq) => {
      people.passed(seq);
      feed.push(seq);
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
    sealed: (message) => {
      reader.received(message.seq);
      onSealed?.(message);
    },
    withheld: (seq) => {
      reader.received(seq);
      onWithheld?.(seq);
    },
  });
  return { reader, feed };
}
