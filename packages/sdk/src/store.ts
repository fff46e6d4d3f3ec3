export type { Range } from "./evidence/ranges.ts";
export {
  type ClaimedCursor,
  type CursorKey,
  type CursorSave,
  type CursorStore,
  MAX_CURSORS,
} from "./store/cursor-store.ts";
export { memoryStore } from "./store/memory-store.ts";
export type { PreparedDraft, PreparedMessage, PreparedStore } from "./store/prepared-store.ts";
export type { ServedStore } from "./store/served-store.ts";
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
export { topicsOf } from "./store/topics-of.ts";
export {
  type Consent,
  ERASED_NAME,
  loginKey,
  type UserChange,
  type UserRecord,
  type UserStore,
} from "./store/user-store.ts";
