export type * from "#custom-types";
export type { JsonObject, JsonValue } from "./base/canonical-json.ts";
export { type Clock, systemClock, type Timer } from "./base/clock.ts";
export { RedRoomError, type RedRoomErrorCode, type RedRoomErrorOptions } from "./base/errors.ts";
export { randomId } from "./base/id.ts";
export { type Logger, silentLogger } from "./base/logger.ts";
export type { EntryKind, MessageKind, Priority } from "./base/message-kind.ts";
export type { Annotations, MetadataOf } from "./base/metadata.ts";
export type { ClientEvents, PendingConsent } from "./client/client-events.ts";
export type { RedRoomClientOptions } from "./client/client-options.ts";
export type { Cursor } from "./client/cursor.ts";
export type { ReadableKind, SealedMessage, TopicMessage } from "./client/message.ts";
export type { DeliveryReceipt, LoopGaps } from "./client/message-loop.ts";
export type { AddressOptions, AskOptions, MessageOptions, OutboxLimits, SendOptions } from "./client/outbox.ts";
export type { Member, Person, Presence, Self, WaitingPair } from "./client/person.ts";
export { RedRoomClient } from "./client/redroom-client.ts";
export type { Delivered, DeliveredOptions, Sending, SendState, Stored } from "./client/sending.ts";
export type { From, MessagesOptions, Topic } from "./client/topic.ts";
export type { TopicEvents } from "./client/topic-events.ts";
export type { CreateTopicOptions, TopicListing } from "./client/topic-list.ts";
export type { QuestionsOptions, TopicQuestion } from "./client/topic-questions.ts";
export type { Gaps, HistoryOptions } from "./client/topic-record.ts";
export type { PreparedMessage, Receipt } from "./client/topic-requests.ts";
export type { Found, SearchOptions } from "./client/topic-search.ts";
export type { ClientUsers, UserAccount, UserExport } from "./client/users.ts";
export { type Address, parseAddress } from "./protocol/address.ts";
export { DEFAULT_LIMITS, type Limits } from "./protocol/limits.ts";
export {
  type Capability,
  memberPolicy,
  type Policy,
  ROLES,
  type Role,
  roomPolicy,
  type Subject,
} from "./rules/policy.ts";
export { fill, PREPARED_KINDS, type PreparedKind, placeholdersOf } from "./rules/prepared.ts";
export { type Highlight, highlightsOf, queryWords } from "./rules/search-words.ts";
export { createUser, type NewUser } from "./server/create-user.ts";
export type {
  Action,
  AfterAppendPayload,
  Annotated,
  Authenticate,
  AuthenticatePayload,
  AuthorizePayload,
  BeforeAppendPayload,
  ConnectPayload,
  DisconnectPayload,
  Extension,
  HookTopic,
  SubmittedMessage,
  TopicPerson,
} from "./server/extension.ts";
export type { MetadataSchemas } from "./server/metadata-rules.ts";
export { MIN_PASSWORD_CHARACTERS } from "./server/password-rules.ts";
export { DEFAULT_QUOTAS, type Quota, type QuotaOptions, type Quotas, type Rates } from "./server/quotas.ts";
export { type CloseOptions, RedRoomServer, type ServerEvents } from "./server/redroom-server.ts";
export { createTopic, type TopicOptions } from "./server/requests.ts";
export type { RedRoomServerOptions } from "./server/server-options.ts";
export { setPassword } from "./server/set-password.ts";
export { checkRoles, type Membership, setRoles } from "./server/set-roles.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./server/standard-schema.ts";
export type { ClientState, StateChange } from "./session/client-state.ts";
export type { Credentials, CredentialsRequest, CredentialsSource } from "./session/credentials.ts";
export type { ReconnectDelays } from "./session/reconnect.ts";
export type { SessionUser } from "./session/session-user.ts";
