import { LONGEST_DELAY_MS } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { RedRoomClientOptions } from "../client/client-options.ts";
import type { SessionOptions } from "./session-options.ts";

export interface BotOptions<S = undefined> extends RedRoomClientOptions {
  /**
   * The bot's name: letters, digits and hyphens, at most 32, beginning with a letter. Its places and what it has sent belong to it, for
   * its user; another name begins anew. It need not be the user's.
   */
  readonly name: string;
  /** The titles of the topics to be in, at most 100; all that the user belongs to by default, also those to come. */
  readonly topics?: readonly string[];
  /** Where to begin in a topic that the bot has never been in; `now` by default. */
  readonly from?: "now" | "start";
  /** Whether what the bot does itself is handled, too: what it writes, and that it is there. `false` by default. */
  readonly own?: boolean;
  /** Small state, for a topic or a user: `ctx.session`. */
  readonly session?: SessionOptions<S>;
  /** So many handlers at once, in all topics; 16 by default. */
  readonly concurrency?: number;
  /** How long a handler may take, without the time in which it waits for messages; 60,000 by default. */
  readonly handlerTimeoutMs?: number;
  /** So many failures, and an entry is given up; 5 by default. */
  readonly maxAttempts?: number;
  /** So many messages one run of a handler may send; 100 by default. */
  readonly maxSends?: number;
  /** Without one, and without `bot.catch`, failures go to standard error. */
  readonly logger?: Logger;
}

export type Settings = Required<Pick<BotOptions, (typeof SETTINGS)[number]>>;

const SETTINGS = ["from", "own", "concurrency", "handlerTimeoutMs", "maxAttempts", "maxSends"] as const;

/** As the server takes the name of a cursor. */
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** @throws {RedRoomError} `OPTIONS_INVALID`. */
export function settingsOf(options: BotOptions<unknown>): Settings {
  const { name, from = "now", own = false } = options;
  const { concurrency = 16, handlerTimeoutMs = 60_000, maxAttempts = 5, maxSends = 100 } = options;
  if (typeof name !== "string" || !NAME.test(name)) {
    throw invalid("name", `${JSON.stringify(name)} does not match ${NAME}`);
  }
  if (from !== "now" && from !== "start") throw invalid("from", `${JSON.stringify(from)} is neither now nor start`);
  for (const [option, value] of Object.entries({ concurrency, maxAttempts, maxSends, handlerTimeoutMs })) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= LONGEST_DELAY_MS) continue;
    throw invalid(option, `${value} is not a whole number from 1 to ${LONGEST_DELAY_MS}`);
  }
  return { from, own, concurrency, handlerTimeoutMs, maxAttempts, maxSends };
}

const invalid = (option: string, reason: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to use ${option}; ${reason}`);
