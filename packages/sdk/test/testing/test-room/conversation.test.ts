import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";

const PEOPLE = { anna: ["interviewer"], bernd: ["interviewee"] } as const;

describe("a conversation in a test room", () => {
  it("reads like one", async () => {
    await using room = await createTestRoom({ members: PEOPLE });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];

    const question = await anna.asks("How high are the provisions?", { priority: "high" });
    await bernd.expects({ kind: "question", from: "anna", text: /provisions/ });
    await bernd.answers(question, "1.2 million");
    const answer = await anna.expects("1.2 million");

    expect(question).toMatchObject({ seq: 3, duplicate: false });
    expect(answer).toMatchObject({ kind: "answer", re: 3, author: "bernd" });
    expect(await question.delivered()).toEqual({ by: ["bernd"] });
  });

  it("is stored once when the ack is lost and the client reconnects", async () => {
    await using room = await createTestRoom({ members: PEOPLE });
    room.faults.dropNext("ack");

    const asking = room.as("anna").topic("Share Deal").asks("Wie hoch sind die Rückstellungen?");
    await room.reconnect("anna");

    expect(await asking).toMatchObject({ seq: 3, duplicate: true });
  });

  it("goes over real UDP as well", async () => {
    await using room = await createTestRoom({ members: PEOPLE, transport: "quic" });
    const question = await room.as("anna").asks("How high are the provisions?");
    await room.as("bernd").expects(/provisions/);
    expect(await question.delivered()).toEqual({ by: ["bernd"] });
  });
});
