import type { MessageKind, SearchOptions } from "@redroom/sdk";
import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { writeMessage } from "../message-line.ts";

export interface SearchCommandOptions extends ConnectionOptions {
  readonly topic: string;
  readonly by?: readonly string[];
  readonly to?: readonly string[];
  readonly kind?: MessageKind;
  readonly state?: NonNullable<SearchOptions["state"]>;
  readonly since?: string;
  readonly until?: string;
  readonly oldest?: boolean;
  readonly after?: number;
  readonly limit?: number;
  readonly json?: boolean;
}

/** Prints what was found, newest first unless `oldest` is wanted. */
export async function search(
  address: string,
  words: readonly string[],
  options: SearchCommandOptions,
  context: Context,
): Promise<void> {
  const { by, to, kind, state, since, until, oldest = false, after, limit } = options;
  const wanted: SearchOptions = {
    ...(words.length > 0 && { text: words.join(" ") }),
    ...(by && { by }),
    ...(to && { to }),
    ...(kind && { kinds: [kind] }),
    ...(state && { state }),
    ...(since !== undefined && { from: dateOf(since) }),
    ...(until !== undefined && { until: dateOf(until) }),
    ...(after && { after }),
    ...(limit && { limit }),
    newestFirst: !oldest,
  };
  await using client = await connect(address, options, context);
  // Whom a message names is told to those who read.
  const topic = await client.topic(options.topic).open();
  for await (const { message } of topic.search(wanted)) {
    await writeMessage(message, options, context);
    if (context.output.gone) return;
  }
}

/** A date alone is the beginning of that day, where we are. */
function dateOf(typed: string): Date {
  const date = new Date(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(typed) ? `${typed}T00:00` : typed);
  if (Number.isNaN(date.getTime())) throw usageFailure("failure.date", { what: typed });
  return date;
}
