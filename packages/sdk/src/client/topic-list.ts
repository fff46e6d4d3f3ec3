import type { Link } from "./link.ts";
import { expectLast, request } from "./request.ts";
import type { TopicInfo } from "./topic-stream.ts";

/** A topic as the list shows it. */
export interface TopicListing {
  readonly id: string;
  readonly title: string;
  readonly createdAt: Date;
  /** How many entries it has: the highest seq. */
  readonly head: number;
  /** Answers are exchanged one for the other. */
  readonly regulated: boolean;
}

export interface CreateTopicOptions {
  /** Answers are exchanged one for the other: for ever, or never. `false` by default. */
  readonly regulated?: boolean;
  /** Who belongs to it from the beginning, and as what: from login name to roles. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

const toListing = ({ createdAt, ...topic }: TopicInfo): TopicListing => ({
  ...topic,
  createdAt: new Date(createdAt),
});

/** All topics that we may know of, in the order of their creation. */
export async function listTopics(link: Link): Promise<TopicListing[]> {
  const topics: TopicInfo[] = [];
  for (let more = true; more; ) {
    const after = topics.at(-1)?.id;
    const page = await request(link, { type: "listTopics", ...(after !== undefined && { after }) });
    const list = expectLast(page, "topicList");
    topics.push(...list.topics);
    more = list.more;
  }
  return topics.map(toListing);
}

export async function createTopic(
  link: Link,
  title: string,
  { regulated = false, members = {} }: CreateTopicOptions,
): Promise<TopicListing> {
  const people = Object.entries(members).map(([user, roles]) => ({ user, roles: [...roles] }));
  const response = await request(link, { type: "createTopic", title, regulated, members: people });
  return toListing(expectLast(response, "topicCreated").topic);
}
