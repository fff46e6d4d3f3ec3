import type { Appended, Person, TopicStore } from "../../store/topic-store.ts";

/** What is told of a store. */
export interface StoreWatcher {
  /** Entries are durable. */
  appended(topicId: string, appended: Appended): void;
  /** Somebody has this pseudonym in a topic. */
  named(topicId: string, pseudonym: string, person: Person): void;
  /** How many calls are under way. */
  underWay: number;
}

/** The same store; somebody is told what it has done, before whoever has asked for it. */
export function watchedStore<S extends TopicStore>(store: S, watcher: StoreWatcher): S {
  const tell = (method: string, args: readonly unknown[], result: unknown): void => {
    const topicId = String(args[0]);
    if (method === "append" || method === "erase") watcher.appended(topicId, result as Appended);
    if (method === "pseudonym") watcher.named(topicId, result as string, args[1] as Person);
  };
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member === "object" && member !== null) return wrap(member);
        if (typeof member !== "function") return member;
        return async (...args: readonly unknown[]) => {
          watcher.underWay += 1;
          try {
            const result: unknown = await member.apply(target, args);
            if (target === (store as object)) tell(String(name), args, result);
            return result;
          } finally {
            watcher.underWay -= 1;
          }
        };
      },
    });
  return wrap(store);
}
