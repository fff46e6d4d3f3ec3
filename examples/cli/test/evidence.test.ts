import { RedRoomError } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { evidenceLines } from "../src/evidence.ts";
import { explain, SendFailure } from "../src/failure.ts";
import { textsIn } from "../src/texts/texts.ts";

const texts = textsIn("en");
const note = (size: number): string => `redroom/AAEC\n${size}\nroot=\n\n— redroom/AAEC c2ln\n`;
const fork = { origin: "redroom/AAEC", known: note(3), shown: note(2) };

describe("the evidence of a fork", () => {
  it("goes with the one clear line, also where sending ended", () => {
    const error = new RedRoomError("LOG_FORK", "unable to trust the log", { evidence: fork });
    for (const thrown of [error, new SendFailure(error, 2, 3)]) {
      const { sentence, exitCode, evidence } = explain(thrown, texts);
      expect(sentence).toMatch(/THE RECORD WAS CHANGED.*\(unable to trust the log\)/);
      expect(exitCode).toBe(14);
      expect(evidence).toEqual(fork);
    }
  });

  it("is both checkpoints, byte by byte", () => {
    const printed = `${evidenceLines(fork, false, texts).join("\n")}\n`;
    expect(printed).toContain(`--- checkpoint that was known before ---\n${fork.known}---`);
    expect(printed).toContain(`--- checkpoint that excludes it ---\n${fork.shown}--- end ---\n`);
  });

  it("is one checkpoint where it is the entries that do not fit", () => {
    const { origin, known } = fork;
    const printed = evidenceLines({ origin, known }, false, texts).join("\n");
    expect(printed).toContain(`${known}--- no second checkpoint`);
  });

  it("is one line of JSON for scripts", () => {
    const lines = evidenceLines(fork, true, texts);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toEqual({ evidence: fork });
  });

  it("cannot act on the terminal", () => {
    const lines = evidenceLines({ ...fork, shown: "\u009b2J\n\u202e\n" }, false, texts);
    expect(lines.join("")).not.toMatch(/[\u009b\u202e]/);
  });
});
