import { fill, type PreparedMessage, placeholdersOf } from "@redroom/sdk";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { jsonLine } from "../message-line.ts";
import { writeStored } from "../stored-line.ts";
import { printable } from "../terminal/printable.ts";
import type { WriteOptions } from "./ask.ts";

export interface PreparedOptions extends WriteOptions {
  /** The one to send; without, all are printed. */
  readonly use?: string;
  readonly set?: readonly string[];
  readonly re?: number;
}

/** Prints the messages to pick from, or sends one. */
export async function prepared(address: string, options: PreparedOptions, context: Context): Promise<void> {
  const { use, set = [], re, to, json } = options;
  const values = Object.fromEntries(set.map(readValue));
  await using client = await connect(address, options, context);
  const topic =
    to === undefined
      ? await client.topic(options.topic).open({ from: "none" })
      : await client.topic(options.topic).open();
  const all = await topic.prepared();
  if (use === undefined) {
    for (const one of all) await writePrepared(one, json, context);
    return;
  }
  const chosen = all.find(({ id }) => id === use);
  if (chosen === undefined) throw usageFailure("failure.preparedUnknown", { id: use });
  const { kind, text } = chosen;
  const stored = await topic.send(fill(text, values), { kind, ...(re && { re }), ...(to && { to }) });
  await writeStored(stored, options, context);
}

function writePrepared(
  { id, kind, title, text, shared }: PreparedMessage,
  json: boolean | undefined,
  { output, texts }: Context,
): Promise<void> {
  if (json) return output.line(jsonLine({ id, kind, title, text, placeholders: placeholdersOf(text), shared }));
  const name = title === undefined ? [] : [printable(title)];
  return output.line([id, texts(`kind.${kind}`), ...name, printable(text)].join("  "));
}

function readValue(typed: string): [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(typed) ?? [];
  if (name === undefined || value === undefined) throw usageFailure("failure.preparedValue", { what: typed });
  return [name, value];
}
