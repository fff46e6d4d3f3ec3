import type { StateChange } from "@redroom/sdk";
import { printable } from "./terminal/printable.ts";
import type { Texts } from "./texts/texts.ts";

/** The one line that a person is told when the connection, or the record behind it, is lost or back; else `undefined`. */
export function connectionLine({ state, previous, reason = "" }: StateChange, texts: Texts): string | undefined {
  const wasThere = previous === "online" || previous === "unavailable";
  if (state === "unavailable") return texts("connection.unavailable", { reason: printable(reason) });
  if ((state === "resuming" || state === "offline") && wasThere) {
    return texts("connection.lost", { reason: printable(reason) });
  }
  if (state !== "online" || previous === "authenticating") return undefined;
  return texts(previous === "unavailable" ? "connection.available" : "connection.back");
}
