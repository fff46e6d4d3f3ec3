import { RedRoomClient, type RedRoomClientOptions, type RedRoomError, RedRoomServer, randomId } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport, type Transport } from "@redroom/sdk/transport";
import { makeLogKey } from "../src/evidence/log-key.ts";
import type { EntryDraft, EntryKey, TopicStore } from "../src/store/topic-store.ts";
import { draftOf, newKey } from "../src/testing/store-entries.ts";
import { everybody } from "./everybody.ts";

export const TITLE = "Share Deal";

/** Servers that show one topic differently, all with the one log key: what they have in common is alike to the byte. */
export function openForks(transport: Transport = memoryTransport()) {
  const key = makeLogKey();
  const topic = { id: randomId(), title: TITLE, createdAt: 1, regulated: false };
  const author = randomId();
  const servers: RedRoomServer[] = [];
  const clients: RedRoomClient[] = [];
  const drafts = new Map<string, EntryDraft & { readonly key: EntryKey }>();

  /** The same entry wherever the texts up to it are the same. */
  const draft = (texts: readonly string[]) => {
    const name = JSON.stringify(texts);
    const entryKey = newKey(author);
    const head = { seq: texts.length - 1 };
    const known = drafts.get(name) ?? { ...draftOf(topic.id, entryKey, head, texts.at(-1) ?? ""), key: entryKey };
    drafts.set(name, known);
    return known;
  };

  const forks = {
    topicId: topic.id,
    key,
    /** A record of these texts, and nothing around it. */
    async record(texts: readonly string[]) {
      const store = memoryStore(key);
      await store.open();
      await store.createTopic(topic);
      await forks.grow(store, texts);
      return store;
    },
    /** Appends what a record of these texts has behind what is there already. */
    async grow(store: TopicStore, texts: readonly string[]): Promise<void> {
      const there = (await store.findTopic({ id: topic.id }))?.head.seq ?? 0;
      for (let size = there + 1; size <= texts.length; size += 1) {
        const entry = draft(texts.slice(0, size));
        await store.append(topic.id, entry.key, () => [entry]);
      }
    },
    /** @returns The server's address, and its store. */
    async serve(texts: readonly string[]) {
      const store = await forks.record(texts);
      const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
      const server = new RedRoomServer({ store, transport, authenticate, policy: everybody });
      servers.push(server);
      return { store, ...(await server.listen()) };
    },
    async connect(address: string, name: string, options: Partial<RedRoomClientOptions> = {}) {
      const auth = { name, password: "any password" };
      const client = await RedRoomClient.connect(address, { auth, transport, ...options });
      clients.push(client);
      return Object.assign(client, { ending: endingOf(client) });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close({ drainMs: 0 })));
      await Promise.all(servers.map((server) => server.close({ drainMs: 0 })));
    },
  };
  return forks;
}

/** Why a client ends: what its `closed` event says. */
function endingOf(client: RedRoomClient): Promise<RedRoomError | undefined> {
  return new Promise((resolve) => {
    client.once("closed", resolve);
  });
}
