import type { Gaps } from "@redroom/sdk";
import { connect } from "../connect.ts";
import { connectionLine } from "../connection-line.ts";
import type { Context } from "../context.ts";
import { writeMessage, writeSealed, writeWithheld } from "../message-line.ts";
import { onSignal } from "../signals.ts";
import type { ReadOptions } from "./history.ts";

/**
 * Prints messages as they come, until the limit, Ctrl-C, or the end of who reads them, across lost connections. A slow
 * reader slows the server.
 */
export async function tail(address: string, options: ReadOptions, context: Context): Promise<void> {
  await using client = await connect(address, options, context);
  const leaving = new AbortController();
  using _signals = onSignal(() => leaving.abort());
  client.on("state", (change) => {
    const line = connectionLine(change, context.texts);
    if (line !== undefined) context.warn(line);
  });
  const { from = "now", limit = Number.POSITIVE_INFINITY, json } = options;
  const gaps: Gaps = {
    onWithheld: (seq) => void writeWithheld(seq, json, context),
    onSealed: (sealed) => void writeSealed(sealed, options, context),
  };
  let left = limit;
  for await (const message of client.topic(options.topic).messages({ from, signal: leaving.signal, ...gaps })) {
    await writeMessage(message, options, context);
    left -= 1;
    if (left === 0 || context.output.gone) return;
  }
}
