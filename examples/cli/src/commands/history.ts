import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { writeNext } from "../message-line.ts";

export interface ReadOptions extends ConnectionOptions {
  readonly topic: string;
  readonly json?: boolean;
  readonly from?: number;
  readonly limit?: number;
}

/** Messages in memory at once. */
const PAGE = 100;

/** Prints what the topic holds. */
export async function history(address: string, options: ReadOptions, context: Context): Promise<void> {
  await using client = await connect(address, options, context);
  const topic = client.topic(options.topic);
  let next = options.from ?? 1;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0 && !context.output.gone) {
    const wanted = Math.min(PAGE, left);
    const page = await topic.history({ from: next, limit: wanted });
    for (const message of page) next = await writeNext(message, next, options, context);
    if (page.length < wanted) return;
    left -= page.length;
  }
}
