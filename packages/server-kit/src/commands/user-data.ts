import { type Policy, RedRoomError, setRoles } from "@redroom/sdk";
import { ERASED_NAME, type TopicStore, topicsOf } from "@redroom/sdk/store";
import { withStore } from "../data-folder.ts";
import { OPERATOR } from "../operator-entry.ts";
import { print, printJson } from "../output.ts";
import { exportOf } from "../person-export.ts";
import { knownUser } from "./known-user.ts";
import type { DataOptions } from "./options.ts";
import { policyIn } from "./topic.ts";

/** In pieces, because somebody may have written much. */
export async function exportPerson(name: string, { data }: DataOptions): Promise<void> {
  await withStore(data, async (store) => {
    for await (const piece of exportOf(store, await knownUser(store.users, name))) if (!(await print(piece))) return;
  });
}

export async function erase(name: string, { data, json }: DataOptions): Promise<void> {
  const policy = await policyIn(data);
  await withStore(data, async (store) => {
    const { users } = store;
    // The id of somebody who was erased finishes what could not be finished then.
    const user = (await users.findUser(name)) ?? { id: name, name };
    await users.eraseUser(user.id).catch((thrown: unknown) => {
      if (thrown instanceof RedRoomError && thrown.code === "USER_UNKNOWN") return knownUser(users, name);
      throw isUnfinished(thrown) ? unfinished(thrown, user.id) : thrown;
    });
    await removeFromTopics(store, user.id, policy).catch((thrown: unknown) => {
      throw isUnavailable(thrown) ? unfinished(thrown, user.id) : thrown;
    });
    await (json
      ? printJson({ name: user.name, id: user.id, erased: true })
      : print(
          `Erased ${user.name}. What they have written stays on record, under a pseudonym. Backups still name them.`,
        ));
  });
}

/** Nobody is asked, or waited for, who never comes again. */
async function removeFromTopics(store: TopicStore, id: string, policy: Policy): Promise<void> {
  const member = { id, name: ERASED_NAME, admin: false };
  for await (const { topic, pseudonym } of topicsOf(store, id)) {
    const { state } = await store.head(topic.id);
    if (!state.members.has(pseudonym)) continue;
    await setRoles(store, topic.id, { member, roles: [] }, { by: OPERATOR, policy });
  }
}

const isUnavailable = (thrown: unknown): thrown is RedRoomError =>
  thrown instanceof RedRoomError && thrown.code === "STORE_UNAVAILABLE";

const isUnfinished = (thrown: unknown): thrown is RedRoomError =>
  isUnavailable(thrown) && thrown.message.includes("every copy");

const unfinished = (cause: RedRoomError, id: string): RedRoomError =>
  new RedRoomError(cause.code, cause.message, {
    cause,
    retryable: true,
    remedy: `end what keeps the database busy, and finish: redroom-server user erase ${id}`,
  });
