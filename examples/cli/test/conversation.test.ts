import { RedRoomError, type Sending, type SendState, type Stored, type TopicMessage } from "@redroom/sdk";
import { beforeEach, describe, expect, it } from "vitest";
import { Conversation } from "../src/conversation.ts";
import { textsIn } from "../src/texts/texts.ts";

const at = new Date(2026, 0, 31, 14, 5);
const message = (fields: Partial<TopicMessage>) =>
  ({
    seq: 7,
    id: "id",
    kind: "note",
    author: "bernd",
    by: `pseudonym of ${fields.author ?? "bernd"}`,
    at,
    text: "Hallo",
    ...fields,
  }) as TopicMessage;

// biome-ignore lint/suspicious/noControlCharactersInRegex: our own styles
const plain = (line: string): string => line.replace(/\x1b\[[0-9]m/g, "");

describe("Conversation", () => {
  let printed: string[];
  let me = { id: "pseudonym of anna", name: "anna" };
  let conversation: Conversation;
  const own = (): string[] => conversation.own(50).map(plain);

  /** A message of anna's on its way. */
  function sending(text: string) {
    let settle = { store: (_: Stored): void => {}, fail: (_: Error): void => {} };
    const promise = new Promise<Stored>((resolve, reject) => {
      settle = { store: resolve, fail: reject };
    });
    const receivedBy = new Set<string>();
    const fields = { id: text, kind: "note", text, state: "queued" as SendState, receivedBy };
    const made = Object.assign(promise, fields);
    conversation.changed(made as unknown as Sending);
    const become = async (state: SendState, act = (): void => {}): Promise<void> => {
      made.state = state;
      act();
      conversation.changed(made as unknown as Sending);
      await promise.catch(() => {});
    };
    return {
      sent: () => conversation.changed(Object.assign(made, { state: "sent" as const }) as unknown as Sending),
      stored: (seq: number) => become("stored", () => settle.store({ seq, id: text, at, duplicate: false })),
      received: (name: string) => receivedBy.add(name),
      delivered: () => become("delivered"),
      failed: (error: Error) => become("failed", () => settle.fail(error)),
    };
  }

  beforeEach(() => {
    printed = [];
    me = { id: "pseudonym of anna", name: "anna" };
    conversation = new Conversation(
      () => me,
      { print: (line) => printed.push(plain(line)), update: () => {} },
      textsIn("de"),
    );
  });

  it("shows what the operator did to the record, and a row for each text that is not there", () => {
    conversation.arrived(message({ seq: 7 }));
    conversation.withheld(8);
    conversation.withheld(9);
    conversation.arrived(message({ seq: 10, kind: "erasure", author: "operator", re: 8, text: "Beschluss" }));
    conversation.arrived(message({ seq: 11, kind: "export", author: "operator", text: "Einträge 1 bis 11" }));
    expect(printed.slice(1)).toEqual([
      "  #7 14:05 bernd: Hallo",
      "  #8  Text nicht sichtbar oder gelöscht",
      "  #9  Text nicht sichtbar oder gelöscht",
      "  #10 14:05 operator hat den Text von #8 gelöscht: Beschluss",
      "  #11 14:05 operator hat die Niederschrift exportiert: Einträge 1 bis 11",
    ]);
  });

  it("shows a message of one's own as unsent, sent, stored, and then in the record with number and tick", async () => {
    const mine = sending("Wie hoch?");
    expect(own()).toEqual(["  [ungesendet] Wie hoch?"]);
    mine.sent();
    expect(own()).toEqual(["  [gesendet] Wie hoch?"]);
    await mine.stored(8);
    expect(own()).toEqual(["  [gespeichert] Wie hoch?"]);
    conversation.arrived(message({ seq: 8, id: "Wie hoch?", author: "anna", text: "Wie hoch?" }));
    expect(own()).toEqual(["  ✓ #8 gespeichert"]);
    expect(printed).toEqual(["— Samstag, 31. Januar 2026 —", "✓ #8 14:05 anna: Wie hoch?"]);
  });

  it("shows whom the newest message of one's own has reached, and two ticks once it has reached all", async () => {
    const mine = sending("Wie hoch?");
    await mine.stored(8);
    conversation.arrived(message({ seq: 8, id: "Wie hoch?", author: "anna", text: "Wie hoch?" }));
    mine.received("bernd");
    expect(own()).toEqual(["  ✓ #8 gespeichert, zugestellt an bernd"]);
    mine.received("carla");
    await mine.delivered();
    expect(own()).toEqual(["  ✓✓ #8 zugestellt an bernd, carla"]);
    sending("Und wann?");
    expect(own()).toEqual(["  ✓✓ #8 zugestellt an bernd, carla", "  [ungesendet] Und wann?"]);
  });

  it("says who asks, and what an answer answers", () => {
    conversation.arrived(message({ kind: "question" }));
    conversation.arrived(message({ kind: "answer", re: 3 }));
    conversation.arrived(message({ re: 3 }));
    expect(printed.slice(1)).toEqual([
      "  #7 14:05 bernd fragt: Hallo",
      "  #7 14:05 bernd antwortet auf #3: Hallo",
      "  #7 14:05 bernd (zu #3): Hallo",
    ]);
  });

  it("names the day once, when it changes", () => {
    for (const day of [30, 31, 31]) conversation.arrived(message({ at: new Date(2026, 0, day) }));
    expect(printed.filter((line) => line.startsWith("—"))).toHaveLength(2);
  });

  it("sets further lines back, so that one message cannot pass for two", () => {
    conversation.arrived(message({ text: "one\n  #8 14:06 anna: I agree\r\x1b[1A" }));
    expect(printed.slice(1)).toEqual(["  #7 14:05 bernd: one", "    │   #8 14:06 anna: I agree␍␛[1A"]);
  });

  it("shows the last five messages on their way, and how many there are before them", () => {
    for (let number = 1; number <= 8; number += 1) sending(`message ${number}`);
    expect(own()).toHaveLength(6);
    expect(own()[0]).toBe("  … 3 frühere");
    expect(own()[5]).toBe("  [ungesendet] message 8");
  });

  it("keeps the text of a message that was not stored, with the reason", async () => {
    await sending("Wie hoch?").failed(new RedRoomError("CONNECTION_LOST", "no answer for 20000 ms"));
    expect(own()).toEqual([]);
    expect(printed).toEqual([
      "✗ [nicht gespeichert] Wie hoch?",
      "  die Verbindung zum Server ist verloren (no answer for 20000 ms)",
    ]);
    expect(conversation.failed).toBe(1);
  });

  it("ends with what was acknowledged and did not arrive any more", async () => {
    await sending("Wie hoch?").stored(9);
    conversation.end();
    expect(printed.at(-1)).toBe("✓ #9 14:05 anna: Wie hoch?");
  });
});
