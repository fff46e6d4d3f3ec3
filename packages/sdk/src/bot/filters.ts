import type { Stored } from "../client/sending.ts";
import type { BotContext, EventName, Filter, Filters, Matched, MessageContext } from "./context.ts";

/** @returns Whether a context holds all of the filters. */
export function holds(ctx: BotContext, filters: Filters): boolean {
  if (typeof filters === "function") return filters(ctx);
  if (typeof filters !== "string") return filters.every((filter) => holds(ctx, filter));
  if (filters === "message") return isMessage(ctx);
  const [event, priority] = filters.split(":");
  if (ctx.event !== event) return false;
  return priority === undefined || (ctx.event === "question" && (ctx.message.priority ?? "normal") === priority);
}

/** Whether it is a message: then it has `message`. */
function isMessage(ctx: BotContext): ctx is MessageContext {
  return "message" in ctx;
}

/** In one of these topics. */
export function topic(...titles: readonly string[]): (ctx: BotContext) => boolean {
  const normal = titles.map((title) => title.normalize("NFC"));
  return (ctx) => normal.includes(ctx.topic.title);
}

/** From one of these people, by name or pseudonym: who has written it, is there, or is writing. */
export function from(...people: readonly string[]): (ctx: BotContext) => boolean {
  return (ctx) => {
    if (isMessage(ctx)) return people.includes(ctx.message.author) || people.includes(ctx.message.by);
    if (ctx.event === "sealed") return people.includes(ctx.sealed.author) || people.includes(ctx.sealed.by);
    return "member" in ctx && (people.includes(ctx.member.name) || people.includes(ctx.member.id));
  };
}

/** A message that names us. */
export function toMe(ctx: BotContext): ctx is MessageContext {
  return isMessage(ctx) && (ctx.message.to?.some(({ id }) => id === ctx.me.id) ?? false);
}

/** An answer to this question, such as one that `ctx.ask` has stored. */
export function answerTo(question: Pick<Stored, "seq">): (ctx: BotContext) => ctx is MessageContext<unknown, "answer"> {
  return (ctx): ctx is MessageContext<unknown, "answer"> => ctx.event === "answer" && ctx.message.re === question.seq;
}

/** A message whose text has this; what was found is `ctx.match`. A string must be the whole text. */
export function matching(
  pattern: RegExp | string,
): (ctx: BotContext) => ctx is MessageContext & { match: RegExpMatchArray } {
  const find = finderOf(pattern);
  return (ctx): ctx is MessageContext & { match: RegExpMatchArray } => {
    const match = isMessage(ctx) ? find(ctx.message.text) : null;
    if (match !== null) ctx.match = match;
    return match !== null;
  };
}

function finderOf(pattern: RegExp | string): (text: string) => RegExpMatchArray | null {
  if (typeof pattern === "string") return (text) => (text === pattern ? [text] : null);
  // A global or sticky pattern would remember where it was.
  const find = new RegExp(pattern, pattern.flags.replace(/[gy]/gu, ""));
  return (text) => find.exec(text);
}

/** What one of these filters lets through. */
export function anyOf<const F extends readonly Filter[]>(
  ...filters: F
): (ctx: BotContext) => ctx is BotContext & Matched<BotContext, F[number]> {
  return (ctx): ctx is BotContext & Matched<BotContext, F[number]> => filters.some((filter) => holds(ctx, filter));
}

/** What this filter does not let through. */
export function not<const N extends EventName>(
  event: N,
): (ctx: BotContext) => ctx is Exclude<BotContext, Matched<BotContext, N>>;
export function not(filter: Filter): (ctx: BotContext) => boolean;
export function not(filter: Filter): (ctx: BotContext) => boolean {
  return (ctx) => !holds(ctx, filter);
}
