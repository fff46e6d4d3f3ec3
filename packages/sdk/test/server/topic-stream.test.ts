import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { RedRoomError } from "../../src/base/errors.ts";
import { randomId } from "../../src/base/id.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { MessageChannel } from "../../src/channel/message-channel.ts";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { PageTurns } from "../../src/server/page-turns.ts";
import type { TopicRoom } from "../../src/server/topic-room.ts";
import type { TopicRooms } from "../../src/server/topic-rooms.ts";
import { TopicStream } from "../../src/server/topic-stream.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { turns } from "./raw-client.ts";

/** A topic's stream whose every message ends as the test says. */
async function streamWorld() {
  const sent: Message[] = [];
  const answers: { resolve: () => void; reject: (error: RedRoomError) => void }[] = [];
  const room = {
    identify: async () => "pseudonym",
    rightsOf: () => ({ roles: [], capabilities: new Set() }),
    start: async () => ({ from: 1, opened: { type: "topicOpened" } }),
    publish: () =>
      new Promise((resolve, reject) => {
        const seq = answers.length + 1;
        answers.push({ resolve: () => resolve({ seq, at: 1, duplicate: false }), reject });
      }),
  } as unknown as TopicRoom;
  const channel = {
    send: (message: Message) => sent.push(message) > 0,
    end: () => void sent.push({ type: "end" } as unknown as Message),
    pause() {},
    resume() {},
  } as unknown as MessageChannel;
  const rooms = { enterAs: async () => room, leave() {} } as unknown as TopicRooms;
  const clock = new ManualClock();
  const context = {
    rooms,
    limits: DEFAULT_LIMITS,
    logger: silentLogger,
    clock,
    authorize: undefined,
    typingNotices: false,
    slowConsumerMs: 1,
    pages: new PageTurns(1),
  };
  const stream = new TopicStream(channel, { id: "anna", name: "anna", admin: false }, context, () => {});
  await stream.open({ type: "openTopic", title: "Share Deal" });
  sent.length = 0;
  return {
    sent,
    answers,
    publish: () => stream.onMessage({ type: "publish", id: randomId(), kind: "note", body: utf8("x") }),
  };
}

describe("a topic's stream", () => {
  it("ends when a message may be stored later, behind the answers to what was taken, and takes none behind it", async () => {
    const { sent, answers, publish } = await streamWorld();
    for (let count = 0; count < 3; count += 1) publish();
    answers[1]?.reject(new RedRoomError("TOO_MANY_REQUESTS", "later", { retryable: true, retryAfterMs: 7 }));
    await turns();
    publish();
    expect(answers).toHaveLength(3);
    expect(sent).toEqual([]);
    answers[0]?.resolve();
    answers[2]?.resolve();
    await turns();
    expect(sent.map(({ type }) => type)).toEqual(["ack", "ack", "error", "end"]);
    expect(sent[2]).toMatchObject({ code: "TOO_MANY_REQUESTS", retryable: true, retryAfterMs: 7 });
  });

  it("refuses what will never be stored, and goes on", async () => {
    const { sent, answers, publish } = await streamWorld();
    publish();
    answers[0]?.reject(new RedRoomError("REFERENCE_INVALID", "no"));
    await turns();
    publish();
    answers[1]?.resolve();
    await turns();
    expect(sent.map(({ type }) => type)).toEqual(["refused", "ack"]);
  });
});
