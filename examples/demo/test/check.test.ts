import { describe, expect, it } from "vitest";
import { type Evidence, findFaults } from "../src/check.ts";
import { type Conversation, type Line, readConversation } from "../src/conversation.ts";
import type { Heard } from "../src/report.ts";

const conversation: Conversation = readConversation();
const [first, second, third] = conversation.lines.filter(({ topic }) => topic === conversation.topics[0]) as [
  Line,
  Line,
  Line,
];

const heard = ({ topic, seq, by, kind, text, re }: Line): Heard => ({
  topic,
  seq,
  author: by,
  kind,
  at: "2025-11-22T12:00:00.000Z",
  text,
  ...(re !== undefined && { re }),
});

const everything = conversation.lines.map(heard);

/** Evidence of a good run, but for what one participant, or the file, has. */
function evidence(who?: string, view: readonly Heard[] = []): Evidence {
  const received = new Map([...conversation.people, conversation.bot].map((name) => [name, everything]));
  if (who !== undefined && who !== "the file") received.set(who, [...view]);
  return { record: who === "the file" ? view : everything, received };
}

const without = (line: Line): Heard[] => everything.filter((_, place) => conversation.lines[place] !== line);

describe("findFaults", () => {
  it("finds nothing when everybody has everything once and in order", () => {
    expect(findFaults(conversation, evidence())).toEqual([]);
  });

  it("does not mind how the topics of one participant interleave", () => {
    const byTopic = conversation.topics.flatMap((title) => everything.filter(({ topic }) => topic === title));
    expect(findFaults(conversation, evidence("Bot", byTopic))).toEqual([]);
  });

  describe.each(["the file", "Anna", "Bernd", "Bot"])("in what %s has", (who) => {
    const faults = (view: readonly Heard[]): string[] => findFaults(conversation, evidence(who, view));

    it("finds a message that is missing", () => {
      expect(faults(without(second))).toEqual([expect.stringContaining(`${who} does not have: ${second.topic}, 2`)]);
    });

    it("finds a message that is there twice", () => {
      expect(faults([...everything, heard(second)])).toContainEqual(
        expect.stringContaining(`${who} has twice: ${second.topic}, 2`),
      );
    });

    it("finds a message stored again under a new number", () => {
      const again = { ...heard(second), seq: everything.length };
      expect(faults([...everything, again])).toEqual([expect.stringContaining(`${who} has what nobody wrote`)]);
    });

    it("finds messages in the wrong order", () => {
      const swapped = [...without(second).slice(0, 1), heard(third), heard(second)];
      const rest = everything.filter(
        (one) => !swapped.some(({ topic, seq }) => one.topic === topic && one.seq === seq),
      );
      expect(faults([...swapped, ...rest])).toEqual([
        expect.stringContaining(`${who} has out of order, behind 3: ${second.topic}, 2`),
      ]);
    });

    it.each([
      ["a changed text", { text: `${first.text} ` }],
      ["another author", { author: "Carla" }],
      ["another kind", { kind: "answer" as const }],
      ["another reference", { re: 1 }],
      ["another number", { seq: 2 }],
    ])("finds %s", (_, change) => {
      expect(faults([{ ...heard(first), ...change }, ...everything.slice(1)])).toEqual([
        expect.stringContaining(`${who} has what nobody wrote`),
        expect.stringContaining(`${who} does not have: ${first.topic}, 1`),
      ]);
    });

    it("finds a message in the wrong topic, and in one that nobody made", () => {
      expect(faults([...without(first), { ...heard(first), topic: "Nebenabrede" }])).toEqual([
        expect.stringContaining(`${who} does not have: ${first.topic}, 1`),
        expect.stringContaining(`${who} has a topic of its own: Nebenabrede`),
      ]);
    });

    it("finds that everything is missing", () => {
      expect(faults([])).toHaveLength(conversation.lines.length);
    });
  });

  it("finds a participant who has reported nothing at all", () => {
    const { record } = evidence();
    expect(findFaults(conversation, { record, received: new Map() })).toHaveLength(3 * conversation.lines.length);
  });
});
