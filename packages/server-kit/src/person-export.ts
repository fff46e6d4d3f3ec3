import { parseLeaf, readContent } from "@redroom/sdk/evidence";
import { type StoredEntry, type TopicStore, topicsOf, type UserRecord } from "@redroom/sdk/store";
import { accountOf } from "./account.ts";

const PAGE_ENTRIES = 500;

/**
 * All that the store has of a person, as one JSON document in pieces: the account, the topics with the pseudonym there, what
 * was received, and the person's own messages. Not what others have written: that is theirs.
 *
 * @throws {RedRoomError} `STORE_UNAVAILABLE`.
 */
export async function* exportOf(store: TopicStore, user: UserRecord): AsyncGenerator<string> {
  yield `{"exportedAt":${JSON.stringify(new Date().toISOString())},"account":${JSON.stringify(accountOf(user))},"topics":[`;
  let comma = "";
  for await (const { topic, pseudonym } of topicsOf(store, user.id)) {
    const received = (await store.received(topic.id)).get(pseudonym) ?? [];
    const { state } = await store.head(topic.id);
    const about = {
      id: topic.id,
      title: topic.title,
      pseudonym,
      roles: state.members.get(pseudonym) ?? [],
      received: received.map(({ first, last }) => [first, last]),
    };
    yield `${comma}${JSON.stringify(about).slice(0, -1)},"messages":[`;
    yield* messagesBy(store, topic.id, pseudonym);
    yield "]}";
    comma = ",";
  }
  yield "]}";
}

async function* messagesBy(store: TopicStore, topicId: string, pseudonym: string): AsyncGenerator<string> {
  let comma = "";
  for (let from = 1; ; ) {
    const page = await store.read(topicId, { from, limit: PAGE_ENTRIES });
    for (const entry of page) {
      const message = messageOf(entry, pseudonym);
      if (message === undefined) continue;
      yield `${comma}${JSON.stringify(message)}`;
      comma = ",";
    }
    const last = page.at(-1);
    if (last === undefined) return;
    from = last.seq + 1;
  }
}

/** @returns `undefined` for what somebody else has written. */
function messageOf({ seq, leaf, content }: StoredEntry, pseudonym: string) {
  const fields = parseLeaf(leaf);
  if (fields?.by !== pseudonym) return undefined;
  const { kind, at, re, to, id, priority, due } = fields;
  const wanted = { ...(priority && { priority }), ...(due !== undefined && { due: new Date(due).toISOString() }) };
  // Without a text it was erased.
  const said = readContent(content ?? "") ?? { text: null };
  return {
    seq,
    at: new Date(at).toISOString(),
    id,
    kind,
    ...(re !== undefined && { re }),
    ...(to && { to }),
    ...wanted,
    ...said,
  };
}
