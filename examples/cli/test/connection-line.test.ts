import type { StateChange } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { connectionLine } from "../src/connection-line.ts";
import { textsIn } from "../src/texts/texts.ts";

const said = (changes: readonly StateChange[]) =>
  changes.flatMap((change) => connectionLine(change, textsIn("de")) ?? []);

describe("what a person is told about the connection", () => {
  it("is one line when it is lost, and one when it is back, however many attempts lie between", () => {
    const reason = "no answer for 10000 ms";
    expect(
      said([
        { previous: "online", state: "resuming", reason },
        { previous: "resuming", state: "offline", retryInMs: 100 },
        { previous: "offline", state: "resuming" },
        { previous: "resuming", state: "offline", retryInMs: 300 },
        { previous: "offline", state: "resuming" },
        { previous: "resuming", state: "online" },
      ]),
    ).toEqual(["Verbindung verloren; neuer Versuch … (no answer for 10000 ms)", "wieder verbunden"]);
  });

  it("tells a record that cannot be used from a connection that is lost", () => {
    expect(
      said([
        { previous: "online", state: "unavailable", reason: "the disk is full" },
        { previous: "unavailable", state: "online" },
      ]),
    ).toEqual([
      "der Server erreicht seine Datenbank nicht; was Sie senden, wartet (the disk is full)",
      "der Server erreicht seine Datenbank wieder",
    ]);
  });

  it("cannot act on the terminal, whatever the server says", () => {
    expect(said([{ previous: "online", state: "offline", reason: "\x1b[2J" }])[0]).toContain("␛[2J");
  });
});
