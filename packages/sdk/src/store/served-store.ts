import type { CursorStore } from "./cursor-store.ts";
import type { PreparedStore } from "./prepared-store.ts";
import type { TopicStore } from "./topic-store.ts";
import type { UserStore } from "./user-store.ts";

/** What a server serves: the topics, and what else a store keeps beside them. What it does not keep cannot be used. */
export type ServedStore = TopicStore & {
  readonly users?: UserStore;
  readonly prepared?: PreparedStore;
  readonly cursors?: CursorStore;
};
