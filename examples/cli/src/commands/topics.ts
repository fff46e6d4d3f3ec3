import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { jsonLine } from "../message-line.ts";
import { printable } from "../terminal/printable.ts";

export interface TopicsOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** Prints the topics in the order of their creation. */
export async function topics(address: string, options: TopicsOptions, context: Context): Promise<void> {
  await using client = await connect(address, options, context);
  for (const { id, title, createdAt, head, regulated } of await client.topics()) {
    await context.output.line(
      options.json
        ? jsonLine({ id, title, createdAt: createdAt.toISOString(), head, regulated })
        : `${String(head).padStart(6)}  ${printable(title)}`,
    );
  }
}
