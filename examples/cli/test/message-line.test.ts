import type { TopicMessage } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import type { Context } from "../src/context.ts";
import { writeNext } from "../src/message-line.ts";
import { textsIn } from "../src/texts/texts.ts";

const at = new Date(2026, 0, 31, 14, 5, 9);
const message = (seq: number, fields: Partial<TopicMessage> = {}): TopicMessage => ({
  seq,
  id: "id",
  kind: "note",
  author: "anna",
  at,
  text: "hello",
  ...fields,
});

async function printed(messages: readonly TopicMessage[], from: number | undefined, json = false): Promise<string[]> {
  const lines: string[] = [];
  const output = { line: async (line: string) => void lines.push(line) };
  let next = from;
  for (const one of messages) {
    next = await writeNext(one, next, { json }, { output, texts: textsIn("en") } as unknown as Context);
  }
  return lines;
}

describe("a printed topic", () => {
  it("has a line for every number, also where the text is gone", async () => {
    const erasure = message(5, { kind: "erasure", author: "operator", re: 1, text: "by court order" });
    expect(await printed([message(2), message(4), erasure], 1)).toEqual([
      "#1  text withheld or erased",
      "#2  2026-01-31 14:05:09  anna  note  hello",
      "#3  text withheld or erased",
      "#4  2026-01-31 14:05:09  anna  note  hello",
      "#5  2026-01-31 14:05:09  operator  erasure → #1  by court order",
    ]);
  });

  it("may begin anywhere when only new messages are wanted", async () => {
    expect(await printed([message(7)], undefined)).toEqual(["#7  2026-01-31 14:05:09  anna  note  hello"]);
  });

  it("leaves gaps in the numbers where scripts read it", async () => {
    const seqs = (await printed([message(2), message(4)], 1, true)).map((line) => JSON.parse(line).seq);
    expect(seqs).toEqual([2, 4]);
  });
});
