export { PRIORITIES, type Priority } from "./base/message-kind.ts";
export { type Circumstances, decide, decideMembership, type Target, type Wish } from "./rules/decide.ts";
export {
  CAPABILITIES,
  type Capability,
  isRole,
  memberPolicy,
  type Policy,
  ROLES,
  type Role,
  roomPolicy,
  type Subject,
} from "./rules/policy.ts";
export { blockersOf, revealsDue, type Waiting, waitingIn } from "./rules/regulation.ts";
export {
  changesBy,
  type Draft,
  emptyState,
  foldEntry,
  type LeafFacts,
  membershipText,
  type OpenQuestion,
  type QuestionState,
  rolesOf,
  type SealedAnswer,
  type StateChange,
  type TopicState,
} from "./rules/topic-state.ts";
export { isReader, type Reader, type Visibility, visibilityOf } from "./rules/visibility.ts";
