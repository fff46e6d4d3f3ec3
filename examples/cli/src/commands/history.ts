import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { writeMessage, writeWithheld } from "../message-line.ts";

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
    const withheld: number[] = [];
    const page = await topic.history({ from: next, limit: wanted, onWithheld: (seq) => withheld.push(seq) });
    for (const message of page) {
      for (; withheld[0] !== undefined && withheld[0] < message.seq; withheld.shift()) {
        await writeWithheld(withheld[0], options.json, context);
      }
      await writeMessage(message, options, context);
      next = message.seq + 1;
    }
    for (const seq of withheld) await writeWithheld(seq, options.json, context);
    if (page.length < wanted) return;
    left -= page.length;
  }
}
