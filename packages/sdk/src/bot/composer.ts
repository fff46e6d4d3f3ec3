import { RedRoomError } from "../base/errors.ts";
import { Begun } from "./begun.ts";
import type { BotContext, Filters, Matched, MessageContext } from "./context.ts";
import { holds, matching } from "./filters.ts";

/** Goes on with the middleware behind this one, and resolves when all of it has ended. */
export type Next = () => Promise<void>;

/**
 * Handles what it matches. What it does before `next()` comes before the middleware behind it, what it does after, after; without
 * calling `next()` the chain ends here.
 */
export type Handler<C> = (ctx: C, next: Next) => unknown;

/** A handler, or a composer with handlers of its own. */
export type Middleware<C> = Handler<C> | Composer<C & BotContext>;

type CommandContext<C> = Matched<C, readonly ["message"]> & {
  readonly event: "question" | "note";
  args: readonly string[];
  match: RegExpMatchArray;
};

type HeardContext<C> = Matched<C, readonly ["message"]> & { match: RegExpMatchArray };

/** Middleware in the order in which it is added. A bot is one; make others to take a bot apart. */
export class Composer<C extends BotContext> {
  readonly #handlers: Handler<C>[] = [];

  constructor(...middleware: readonly Middleware<C>[]) {
    this.#handlers = middleware.map(toHandler);
  }

  /**
   * Adds middleware for everything.
   *
   * @returns A composer in its place, to add more to.
   */
  use(...middleware: readonly Middleware<C>[]): Composer<C> {
    const branch = new Composer<C>(...middleware);
    this.#handlers.push((ctx, next) => branch.run(ctx, next));
    return branch;
  }

  /**
   * Adds middleware for an event, or for what holds several filters.
   *
   * @example
   * bot.on("question:high", (ctx) => ctx.answer("At once."));
   * bot.on(["question", topic("Share Deal"), from("anna")], (ctx) => ctx.answer("Welcome back."));
   */
  on<const F extends Filters>(
    filters: F,
    ...middleware: readonly Middleware<Matched<C, F>>[]
  ): Composer<Matched<C, F> & BotContext> {
    const branch = new Composer<Matched<C, F> & BotContext>(...middleware);
    this.#handlers.push((ctx, next) =>
      holds(ctx, filters) ? branch.run(ctx as Matched<C, F> & BotContext, next) : next(),
    );
    return branch;
  }

  /**
   * Adds middleware for questions and notes that are a command: `/status`, and what stands behind it is `ctx.args`. Case does not
   * matter; `/status@quotes` is for the bot that is called so, and no other.
   *
   * @param names Without the slash.
   * @throws {RedRoomError} `OPTIONS_INVALID` for what no command can be called.
   */
  command(
    names: string | readonly string[],
    ...middleware: readonly Middleware<CommandContext<C>>[]
  ): Composer<CommandContext<C> & BotContext> {
    const wanted = [names].flat().map((name) => name.toLowerCase());
    for (const name of wanted) if (!COMMAND_NAME.test(name)) throw noCommand(name);
    const branch = new Composer<CommandContext<C> & BotContext>(...middleware);
    this.#handlers.push((ctx, next) =>
      isCommand(ctx, wanted) ? branch.run(ctx as CommandContext<C> & BotContext, next) : next(),
    );
    return branch;
  }

  /** Adds middleware for messages whose text has a pattern, as `ctx.match`, or is exactly this one. */
  hears(
    pattern: RegExp | string,
    ...middleware: readonly Middleware<HeardContext<C>>[]
  ): Composer<HeardContext<C> & BotContext> {
    const hear = matching(pattern);
    const branch = new Composer<HeardContext<C> & BotContext>(...middleware);
    this.#handlers.push((ctx, next) =>
      hear(ctx) ? branch.run(ctx as unknown as HeardContext<C> & BotContext, next) : next(),
    );
    return branch;
  }

  /** Adds middleware for what a function lets through, as a type guard or not, at once or later. */
  filter<D extends C>(guard: (ctx: C) => ctx is D, ...middleware: readonly Middleware<D>[]): Composer<D>;
  filter(test: (ctx: C) => boolean | Promise<boolean>, ...middleware: readonly Middleware<C>[]): Composer<C>;
  filter(test: (ctx: C) => boolean | Promise<boolean>, ...middleware: readonly Middleware<C>[]): Composer<C> {
    const branch = new Composer<C>(...middleware);
    this.#handlers.push(async (ctx, next) => ((await test(ctx)) ? branch.run(ctx, next) : next()));
    return branch;
  }

  /**
   * Adds middleware whose failures end here: what it throws goes to `handle` instead of to `bot.catch`. An entry whose failure was
   * handled is finished; throw it again to have the entry tried again.
   *
   * @param handle May call `next()`, to go on behind the boundary.
   */
  errorBoundary(
    handle: (error: unknown, ctx: C, next: Next) => unknown,
    ...middleware: readonly Middleware<C>[]
  ): Composer<C> {
    const branch = new Composer<C>(...middleware);
    this.#handlers.push(async (ctx, next) => {
      // What stands behind the boundary runs outside of it: its failures are not this one's.
      let goesOn = false;
      const goOn = async (): Promise<void> => {
        goesOn = true;
      };
      try {
        await branch.run(ctx, goOn);
      } catch (error) {
        goesOn = false;
        await handle(error, ctx, goOn);
      }
      if (goesOn) await next();
    });
    return branch;
  }

  /** @internal Runs all middleware that matches, and `next` where it lets the context through. */
  run(ctx: C, next: Next): Promise<void> {
    const handlers = this.#handlers;
    const runFrom = async (index: number): Promise<void> => {
      const handler = handlers[index];
      if (handler === undefined) return next();
      const behind: Begun<void>[] = [];
      await handler(ctx, () => {
        if (behind.length > 0) throw calledTwice();
        const rest = new Begun(runFrom(index + 1));
        behind.push(rest);
        return rest;
      });
      // Also where nobody has awaited `next()`: what stands behind is part of the handler's work.
      for (const rest of behind) {
        await rest.settled;
        rest.surface();
      }
    };
    return runFrom(0);
  }
}

function toHandler<C>(middleware: Middleware<C>): Handler<C> {
  if (typeof middleware === "function") return middleware;
  return (ctx, next) => middleware.run(ctx as C & BotContext, next);
}

const COMMAND_NAME = /^[^\s@/]+$/u;
const COMMAND = /^\/([^\s@/]+)(?:@(\S+))?(?:\s+|$)/u;

function isCommand(ctx: BotContext, names: readonly string[]): ctx is MessageContext<unknown, "question" | "note"> {
  if (ctx.event !== "question" && ctx.event !== "note") return false;
  const match = COMMAND.exec(ctx.message.text);
  const [whole = "", name = "", addressee = ctx.me.name] = match ?? [];
  if (match === null || !names.includes(name.toLowerCase()) || addressee !== ctx.me.name) return false;
  const rest = ctx.message.text.slice(whole.length).trim();
  ctx.match = match;
  ctx.args = rest === "" ? [] : rest.split(/\s+/u);
  return true;
}

const noCommand = (name: string): RedRoomError =>
  new RedRoomError(
    "OPTIONS_INVALID",
    `unable to handle the command ${JSON.stringify(name)}; nothing can be called so`,
    {
      remedy: "name it without the slash, as one word, and without `@`",
    },
  );

const calledTwice = (): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", "unable to go on; one middleware has called next() twice");
