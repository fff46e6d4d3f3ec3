import { describe, expect, it } from "vitest";
import type { Conversation } from "../src/conversation.ts";
import type { Report } from "../src/report.ts";
import { Stage } from "../src/stage.ts";

const topic = "Share Deal";
const conversation: Conversation = {
  people: ["Anna", "Bernd"],
  bot: "Bot",
  roles: {},
  topics: [topic],
  lines: [
    { topic, seq: 1, by: "Anna", kind: "note", text: "eins", re: undefined },
    { topic, seq: 2, by: "Bernd", kind: "note", text: "zwei", re: undefined },
  ],
};

const read = (seq: number, clock?: number): Report => {
  const { by = "", text = "" } = conversation.lines[seq - 1] ?? {};
  const message = { topic, seq, author: by, kind: "note", at: "2025-11-22T12:00:00.000Z", text } as const;
  return { event: "read", ...message, ...(clock !== undefined && { clock }) };
};

describe("a stage", () => {
  it("shows each line once, in the order of the conversation, whoever reports it first", () => {
    const shown: string[] = [];
    const stage = new Stage(conversation, ({ text }) => shown.push(text));
    stage.report("Bernd", read(2));
    expect(shown).toEqual([]);
    stage.report("Bot", read(1));
    stage.report("Anna", read(1));
    stage.report("Anna", read(2));
    expect(shown).toEqual(["eins", "zwei"]);
  });

  it("is over when everybody has heard everything, and not before", async () => {
    const stage = new Stage(conversation, () => {});
    let over = false;
    const ending = stage.over().then(() => {
      over = true;
    });
    for (const who of ["Anna", "Bernd", "Bot"]) {
      for (const seq of [1, 2]) {
        await Promise.resolve();
        expect(over).toBe(false);
        stage.report(who, read(seq));
      }
    }
    await ending;
  });

  it("names who has not spoken", () => {
    const stage = new Stage(conversation, () => {});
    for (const who of ["Anna", "Bernd", "Bot"]) stage.report(who, read(1));
    expect(stage.missing()).toBe('Bernd has not said line 2, "zwei"');
  });

  it("names who has not heard", () => {
    const stage = new Stage(conversation, () => {});
    stage.report("Anna", read(1));
    expect(stage.missing()).toBe('Bernd and Bot did not receive line 1, "eins"');
  });

  it("measures from the sending to the ack, and to the other person", () => {
    const stage = new Stage(conversation, () => {});
    stage.report("Anna", { event: "sending", line: 0, clock: 100 });
    stage.report("Anna", read(1, 101.5));
    stage.report("Anna", { event: "stored", line: 0, clock: 102 });
    stage.report("Bernd", read(1, 103));
    stage.report("Bot", read(1));
    expect(stage.latencies()).toEqual({ ackMs: [2], deliveredMs: [3] });
  });
});
