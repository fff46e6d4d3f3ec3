import type { TopicStore, TopicSummary } from "./topic-store.ts";

const TOPICS_AT_A_TIME = 256;

/** Every topic in which a person has a pseudonym. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
export async function* topicsOf(
  store: TopicStore,
  personId: string,
): AsyncGenerator<{ readonly topic: TopicSummary; readonly pseudonym: string }> {
  for (let after: string | undefined; ; ) {
    const page = await store.listTopics({ after, limit: TOPICS_AT_A_TIME });
    for (const topic of page) {
      for (const [pseudonym, { id }] of await store.people(topic.id)) if (id === personId) yield { topic, pseudonym };
    }
    after = page.at(-1)?.id;
    if (page.length < TOPICS_AT_A_TIME) return;
  }
}
