import type { Stored } from "@redroom/sdk";
import type { Context } from "./context.ts";
import { jsonLine, localTime } from "./message-line.ts";

/** Prints that a message is stored, and under which number. */
export function writeStored(
  { seq, id, at, duplicate }: Stored,
  { json }: { readonly json?: boolean },
  { output, texts }: Context,
): Promise<void> {
  if (json) return output.line(jsonLine({ seq, id, at: at.toISOString(), duplicate }));
  return output.line(`#${seq}  ${localTime(at)}  ${texts("state.stored")}`);
}
