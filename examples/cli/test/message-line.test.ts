import type { TopicMessage } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import type { Context } from "../src/context.ts";
import { writeMessage, writeWithheld } from "../src/message-line.ts";
import { textsIn } from "../src/texts/texts.ts";

const at = new Date(2026, 0, 31, 14, 5, 9);
const message = (seq: number, fields: Partial<TopicMessage> = {}) =>
  ({
    seq,
    id: "id",
    kind: "note",
    author: "anna",
    by: "pseudonym of anna",
    at,
    text: "hello",
    ...fields,
  }) as TopicMessage;

/** @param entries Messages, and the numbers of those whose text is gone. */
async function printed(entries: readonly (TopicMessage | number)[], json = false): Promise<string[]> {
  const lines: string[] = [];
  const output = { line: async (line: string) => void lines.push(line) };
  const context = { output, texts: textsIn("en") } as unknown as Context;
  for (const one of entries) {
    if (typeof one === "number") await writeWithheld(one, json, context);
    else await writeMessage(one, { json }, context);
  }
  return lines;
}

describe("a printed topic", () => {
  it("has a line for every number whose text is gone, and none for those that are no messages", async () => {
    const erasure = message(6, { kind: "erasure", author: "operator", re: 1, text: "by court order" });
    expect(await printed([1, message(2), message(4), erasure])).toEqual([
      "#1  text withheld or erased",
      "#2  2026-01-31 14:05:09  anna  note  hello",
      "#4  2026-01-31 14:05:09  anna  note  hello",
      "#6  2026-01-31 14:05:09  operator  erasure → #1  by court order",
    ]);
  });

  it("leaves gaps in the numbers where scripts read it", async () => {
    const seqs = (await printed([1, message(2), message(4)], true)).map((line) => JSON.parse(line).seq);
    expect(seqs).toEqual([2, 4]);
  });
});
