import { describe, it } from "node:test";
import { createTestRoom } from "@redroom/sdk/testing";

// A test of an application that uses Node's own runner: run by processes.test.ts, as a process.
describe("a conversation", () => {
  for (const transport of ["memory", "quic"] as const) {
    it(`takes place (${transport})`, async () => {
      await using room = await createTestRoom({
        members: { anna: ["interviewer"], bernd: ["interviewee"] },
        transport,
        users: transport === "quic",
      });
      const question = await room.as("anna").asks("How many?");
      await room.as("bernd").expects("How many?");
      room.faults.cut("bernd");
      await room.as("bernd").answers(question, "Three.");
      await room.as("anna").expects("Three.");
    });
  }

  it("that does not take place fails", async () => {
    await using room = await createTestRoom({ members: { anna: ["interviewer"] } });
    await room.as("anna").expects("an answer");
  });
});
