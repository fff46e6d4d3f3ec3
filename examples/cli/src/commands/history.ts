import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { writeMessage, writeSealed, writeWithheld } from "../message-line.ts";

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
  // Whom a message names is told to those who read.
  const topic = await client.topic(options.topic).open();
  let next = options.from ?? 1;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0 && !context.output.gone) {
    const wanted = Math.min(PAGE, left);
    const gaps: { readonly seq: number; readonly write: () => Promise<void> }[] = [];
    const page = await topic.history({
      from: next,
      limit: wanted,
      onWithheld: (seq) => gaps.push({ seq, write: () => writeWithheld(seq, options.json, context) }),
      onSealed: (sealed) => gaps.push({ seq: sealed.seq, write: () => writeSealed(sealed, options, context) }),
    });
    for (const message of page) {
      for (; gaps[0] !== undefined && gaps[0].seq < message.seq; gaps.shift()) await gaps[0].write();
      await writeMessage(message, options, context);
      next = message.seq + 1;
    }
    for (const { write } of gaps) await write();
    if (page.length < wanted) return;
    left -= page.length;
  }
}
