export { Bot } from "./bot/bot.ts";
export type { BotOptions } from "./bot/bot-options.ts";
export { Composer, type Handler, type Middleware, type Next } from "./bot/composer.ts";
export type {
  BotAnswerOptions,
  BotAskOptions,
  BotContext,
  BotError,
  BotNoteOptions,
  BotReplyOptions,
  EntryContext,
  EventName,
  Filter,
  Filters,
  GivenUp,
  Keyed,
  Matched,
  MessageContext,
  MessageFilters,
  NoticeContext,
  PresenceContext,
  QuestionContext,
  ReceiptContext,
  RightsContext,
  SealedContext,
  TypingContext,
  Waited,
  WaitingContext,
  Within,
} from "./bot/context.ts";
export { answerTo, anyOf, from, matching, not, toMe, topic } from "./bot/filters.ts";
export type { SessionOptions } from "./bot/session-options.ts";
export { fileSessions } from "./bot/sessions/file-sessions.ts";
export { memorySessions } from "./bot/sessions/memory-sessions.ts";
export type { SessionStorage } from "./bot/sessions/session-storage.ts";
