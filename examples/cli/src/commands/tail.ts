import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { writeNext } from "../message-line.ts";
import { onSignal } from "../signals.ts";
import type { ReadOptions } from "./history.ts";

/** Prints messages as they come, until the limit, Ctrl-C, or the end of who reads them. A slow reader slows the server. */
export async function tail(address: string, options: ReadOptions, context: Context): Promise<void> {
  await using client = await connect(address, options, context);
  const leaving = new AbortController();
  using _signals = onSignal(() => leaving.abort());
  const messages = client.topic(options.topic).messages({ from: options.from ?? "now", signal: leaving.signal });
  let next = options.from;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for await (const message of messages) {
    next = await writeNext(message, next, options, context);
    left -= 1;
    if (left === 0 || context.output.gone) return;
  }
}
