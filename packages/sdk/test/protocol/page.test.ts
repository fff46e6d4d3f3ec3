import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ENTRY_KINDS, MESSAGE_KINDS, PRIORITIES } from "../../src/base/message-kind.ts";
import { CLOSE_CODES } from "../../src/protocol/close-code.ts";
import {
  DEFAULT_LIMITS,
  MAX_CURSOR_BYTES,
  MAX_FRAME_BYTES_BEFORE_LOGIN,
  MAX_LINE_BYTES,
  MAX_NAME_BYTES,
  MAX_PASSWORD_BYTES,
  MAX_RECIPIENTS,
  MAX_ROLES,
  maxFrameBytes,
} from "../../src/protocol/limits.ts";
import { MESSAGES } from "../../src/protocol/messages.ts";
import { paddedLength } from "../../src/protocol/padding.ts";
import { WIRE_CODES } from "../../src/protocol/wire-codes.ts";
import { MAX_CURSORS } from "../../src/store/cursor-store.ts";
import { unhex, vectors } from "./vectors.ts";

const page = readFileSync(new URL("../../../../docs/protocol.md", import.meta.url), "utf8").replaceAll("\r\n", "\n");
const rows = page.split("\n").flatMap((line) => (line.startsWith("| ") ? [line.slice(2, -2).split(" | ")] : []));
const row = (name: string): string => rows.find(([first]) => first === name)?.join(" ") ?? "";
const words = (text: string, pattern: RegExp): string[] => Array.from(text.matchAll(pattern), ([, word = ""]) => word);
const shown = (count: number): string => count.toLocaleString("en-US");

interface Schema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Schema>>;
}
const membersOf = ({ entries = {} }: Schema): string[] =>
  Object.entries(entries).map(([name, { type }]) => (type === "exact_optional" ? `${name}?` : name));
const membersOn = (cell: string): string[] => words(cell.replaceAll("`?", "?`"), /`([a-zA-Z]+\??)`/g);

describe("docs/protocol.md", () => {
  it.each(Object.entries(MESSAGES))(
    "lists %s with its number, its members and its body",
    (name, { frameType, head, body }) => {
      const [type, , , , members = "", text] = rows.find((cells) => cells[1] === name) ?? [];
      expect(type).toBe(`0x${frameType.toString(16).padStart(2, "0")}`);
      expect(membersOn(members)).toEqual(membersOf(head as unknown as Schema));
      expect(text !== "–").toBe(body);
    },
  );

  it("lists no other message", () => {
    expect(rows.filter(([type]) => /^0x/.test(type ?? "")).length).toBe(Object.keys(MESSAGES).length);
  });

  it("lists the members of the inner objects", () => {
    const { welcome, session, topicOpened, createTopic, questionList, waiting, deliveryList } = MESSAGES;
    const { userChanged, userTopics } = MESSAGES;
    expect(membersOn(row("limits"))).toEqual(membersOf(welcome.head.entries.limits as unknown as Schema));
    expect(membersOn(row("user"))).toEqual(membersOf(session.head.entries.user as unknown as Schema));
    expect(membersOn(row("account"))).toEqual(membersOf(userChanged.head.entries.account as unknown as Schema));
    const [, exported = ""] = row("exportUser").split("Of each topic: ");
    expect(membersOn(exported)).toEqual(membersOf(userTopics.head.entries.topics.item as unknown as Schema));
    expect(membersOn(row("topic"))).toEqual(membersOf(topicOpened.head.entries.topic as unknown as Schema));
    expect(membersOn(row("you"))).toEqual(membersOf(topicOpened.head.entries.you as unknown as Schema));
    expect(membersOn(row("enrolment"))).toEqual(membersOf(createTopic.head.entries.members.item as unknown as Schema));
    expect(membersOn(row("question"))).toEqual(
      membersOf(questionList.head.entries.questions.item as unknown as Schema),
    );
    expect(membersOn(row("pair"))).toEqual(membersOf(waiting.head.entries.pairs.item as unknown as Schema));
    expect(membersOn(row("delivered"))).toEqual(
      membersOf(deliveryList.head.entries.deliveries.item as unknown as Schema),
    );
  });

  it("tells the kinds of messages and of entries", () => {
    expect(words(row("kind"), /"([a-z]+)"/g)).toEqual(MESSAGE_KINDS);
    expect(words(row("entry kind"), /"([a-z]+)"/g)).toEqual(ENTRY_KINDS);
  });

  it("tells what messages choose from", () => {
    const { questionList, presence } = MESSAGES;
    expect(words(row("priority"), /"([a-z]+)"/g)).toEqual(PRIORITIES);
    expect(words(row("question state"), /"([a-z]+)"/g)).toEqual(
      questionList.head.entries.questions.item.entries.state.options,
    );
    expect(words(row("presence state"), /"([a-z]+)"/g)).toEqual(presence.head.entries.state.options);
    expect(row("people")).toContain(`1 to ${MAX_RECIPIENTS} `);
    expect(row("roles")).toContain(`at most ${MAX_ROLES} `);
    expect(row("claimCursor")).toContain(`above ${MAX_CURSORS} names`);
  });

  it("names every error code", () => {
    const [, section = ""] = page.split("## Error codes");
    const named = words(
      section.split("## ")[0] ?? "",
      /\b([A-Z]+(?:_[A-Z]+)+|TIMEOUT|UNREACHABLE|ABORTED|INTERNAL)\b/g,
    );
    expect([...new Set(named)].sort()).toEqual([...WIRE_CODES].sort());
  });

  it("names every close code", () => {
    const [, section = ""] = page.split("### Closing the connection");
    expect(words(section, /^\| ([0-9]+) \|/gm).map(Number)).toEqual(Object.values(CLOSE_CODES));
  });

  it("tells the limits that hold", () => {
    expect(row("text")).toContain(`${shown(MAX_LINE_BYTES)} bytes`);
    expect(row("server")).toContain(shown(MAX_FRAME_BYTES_BEFORE_LOGIN));
    expect(row("server, client")).toContain(shown(maxFrameBytes(DEFAULT_LIMITS)));
    expect(row("client")).toContain(shown(maxFrameBytes(DEFAULT_LIMITS)));
    const smallest = maxFrameBytes({ ...DEFAULT_LIMITS, maxTextBytes: 1, maxTitleBytes: 1 });
    expect(row("server, client")).toContain(
      `not less than ${shown(MAX_CURSOR_BYTES)}, and ${shown(smallest - MAX_CURSOR_BYTES)}`,
    );
    expect(row("saveCursor")).toContain(`above ${shown(MAX_CURSOR_BYTES)} bytes`);
    const { maxTextBytes, ...others } = DEFAULT_LIMITS;
    for (const limit of [maxTextBytes, ...Object.values(others)]) {
      expect(page).toContain(`(${limit === maxTextBytes ? `${shown(limit)} by default` : shown(limit)})`);
    }
    expect(page).toContain(`at most ${MAX_NAME_BYTES} bytes, a password ${shown(MAX_PASSWORD_BYTES)}`);
    for (const [, from = "", to = ""] of page.matchAll(/([0-9,]+) becomes ([0-9,]+)/g)) {
      expect(paddedLength(Number(from.replaceAll(",", "")))).toBe(Number(to.replaceAll(",", "")));
    }
  });

  it("shows examples that are golden vectors", () => {
    const examples = Array.from(page.matchAll(/```hex (.+)\n([^`]+)```/g));
    expect(examples.map(([, name]) => name)).toEqual(["ping", "publish", "ack", "entry", "checkpoint"]);
    for (const [, name, text = ""] of examples) {
      const bytes = words(text, /^([0-9a-f*]+)/gm).join(" ");
      const vector = vectors.valid.find((candidate) => candidate.name === name);
      expect(Buffer.compare(unhex(bytes), unhex(vector?.hex ?? "")), name).toBe(0);
    }
  });
});
