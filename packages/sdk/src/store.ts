export type { Range } from "./evidence/ranges.ts";
export { memoryStore } from "./store/memory-store.ts";
export type { PreparedDraft, PreparedMessage, PreparedStore } from "./store/prepared-store.ts";
export type {
  Appended,
  Build,
  EntryDraft,
  EntryKey,
  FoundEntries,
  Head,
  Person,
  QuestionPage,
  ReadPage,
  ReceivedBy,
  SearchOrder,
  SearchQuery,
  StoredEntry,
  StoredQuestion,
  TopicHead,
  TopicPage,
  TopicRecord,
  TopicStore,
  TopicSummary,
} from "./store/topic-store.ts";
export { loginKey, type UserRecord, type UserStore } from "./store/user-store.ts";
