export { type Clock, systemClock, type Timer } from "./base/clock.ts";
export { RedRoomError, type RedRoomErrorCode, type RedRoomErrorOptions } from "./base/errors.ts";
export { randomId } from "./base/id.ts";
export { type Logger, silentLogger } from "./base/logger.ts";
export type { EntryKind, MessageKind } from "./base/message-kind.ts";
export type { TopicMessage } from "./client/message.ts";
export type { OutboxLimits, SendOptions } from "./client/outbox.ts";
export {
  type ClientEvents,
  RedRoomClient,
  type RedRoomClientOptions,
  type TopicListing,
} from "./client/redroom-client.ts";
export type { Delivered, DeliveredOptions, Sending, SendState, Stored } from "./client/sending.ts";
export type { From, MessagesOptions, Topic } from "./client/topic.ts";
export type { HistoryOptions } from "./client/topic-record.ts";
export { type Address, parseAddress } from "./protocol/address.ts";
export { DEFAULT_LIMITS, type Limits } from "./protocol/limits.ts";
export type { Authenticate } from "./server/authenticate.ts";
export { createUser, MIN_PASSWORD_CHARACTERS, type NewUser } from "./server/create-user.ts";
export { RedRoomServer, type RedRoomServerOptions, type ServerEvents } from "./server/redroom-server.ts";
export { createTopic } from "./server/requests.ts";
export { setPassword } from "./server/set-password.ts";
export type { SessionUser } from "./session/client-session.ts";
export type { ClientState, StateChange } from "./session/client-state.ts";
export type { Credentials, CredentialsRequest, CredentialsSource } from "./session/credentials.ts";
export type { ReconnectDelays } from "./session/reconnect.ts";
