import type { BotContext } from "./context.ts";
import type { SessionStorage } from "./sessions/session-storage.ts";

/** State of a bot that lasts from one entry to the next. */
export interface SessionOptions<S> {
  /** What a session is at first: something that JSON can hold. */
  initial(): S;
  /** In memory by default: then a restart begins anew. */
  readonly storage?: SessionStorage;
  /**
   * Whose it is: the topic's, which is the default; that of who has written the entry, in this topic; or in all topics, by name.
   * What nobody has written counts as the bot's.
   */
  readonly per?: "topic" | "user" | "user-in-topic";
}

/** @param topicId The topic's. */
export function sessionKey(bot: string, per: SessionOptions<unknown>["per"], topicId: string, ctx: BotContext): string {
  const { id, name } = personOf(ctx);
  if (per === "user") return `${bot} user ${name || id}`;
  return per === "user-in-topic" ? `${bot} topic ${topicId} ${id}` : `${bot} topic ${topicId}`;
}

function personOf(ctx: BotContext): { readonly id: string; readonly name: string } {
  if ("message" in ctx) return { id: ctx.message.by, name: ctx.message.author };
  if ("sealed" in ctx) return { id: ctx.sealed.by, name: ctx.sealed.author };
  return "member" in ctx ? ctx.member : ctx.me;
}
