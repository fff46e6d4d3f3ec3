import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";
import { answerBot } from "../src/answer-bot.ts";

const answers = [[/what is a share deal/iu, "The purchase of shares."]] as const;
const members = {
  anna: ["interviewer"],
  carla: ["interviewer"],
  bernd: ["interviewee"],
  bot: ["interviewer", "interviewee"],
};

/** A room with the bot in it, which can be restarted. */
async function openRoom({ expert }: { readonly expert?: string } = { expert: "bernd" }) {
  const room = await createTestRoom({ members, topics: ["Share Deal"] });
  const printed: string[] = [];
  const startBot = async () => {
    const bot = answerBot(room.address, room.connection("bot"), {
      answers,
      expert,
      print: (line) => printed.push(line),
    });
    await bot.start();
    return bot;
  };
  return Object.assign(room, { printed, startBot });
}

describe("the answer bot", () => {
  it("answers what it knows at once", async () => {
    await using room = await openRoom();
    await using _bot = await room.startBot();
    const question = await room.as("anna").asks("Say: what is a SHARE DEAL?");
    await room.as("anna").expects({ kind: "answer", re: question, text: "The purchase of shares.", from: "bot" });
  });

  it("asks the expert what it does not know, and passes the answer on", async () => {
    await using room = await openRoom();
    await using _bot = await room.startBot();
    const question = await room.as("anna").asks("What is the price?");
    const forwarded = await room.as("bernd").expects({ kind: "question", text: "anna asks: What is the price?" });
    await room.as("bernd").answers(forwarded, "Twelve million.");
    await room.as("anna").expects({ kind: "answer", re: question, text: "bernd says: Twelve million." });
  });

  it("asks nobody twice and passes on what was answered while it was away", async () => {
    await using room = await openRoom();
    const first = await room.startBot();
    const question = await room.as("anna").asks("What is the price?");
    const forwarded = await room.as("bernd").expects("anna asks: What is the price?");
    await first.stop();
    await room.as("bernd").answers(forwarded, "Twelve million.");
    await using _second = await room.startBot();
    await room.as("anna").expects({ kind: "answer", re: question, text: "bernd says: Twelve million." });
    await room.as("bernd").expectsNothing({ kind: "question" });
  });

  it("says nothing more to a question that was answered or withdrawn meanwhile", async () => {
    await using room = await openRoom();
    await using _bot = await room.startBot();
    const [answered, withdrawn] = [
      await room.as("anna").asks("What is the price?"),
      await room.as("carla").asks("When?"),
    ];
    const price = await room.as("bernd").expects("anna asks: What is the price?");
    const date = await room.as("bernd").expects("carla asks: When?");
    await room.as("bernd").answers(answered, "Twelve million.");
    await room.as("carla").withdraws(withdrawn, "I know by now.");
    await room.as("bernd").answers(price, "As I said.");
    await room.as("bernd").answers(date, "In May.");
    await room.as("anna").expects({ kind: "answer", re: answered, from: "bernd" });
    await room.as("anna").expectsNothing({ from: "bot" });
  });

  it("leaves alone what is for somebody else, what it asks itself, and what it does not know without an expert", async () => {
    await using room = await openRoom({});
    await using _bot = await room.startBot();
    const toOthers = await room.as("anna").asks("What is a share deal?", { to: ["bernd"] });
    const itsOwn = await room.as("bot").asks("What is a share deal?");
    const unknown = await room.as("anna").asks("What is the price?");
    const known = await room.as("carla").asks("What is a share deal?");
    await room.as("carla").expects({ kind: "answer", re: known, from: "bot" });
    for (const re of [toOthers, itsOwn, unknown])
      await room.as("anna").expectsNothing({ kind: "answer", re, from: "bot" });
    await room.as("bernd").expectsNothing({ kind: "question", text: /anna asks/ });
  });

  it("tells what it reads, each message once", async () => {
    await using room = await openRoom();
    const first = await room.startBot();
    await room.as("anna").asks("What is a share deal?");
    await room.as("anna").expects("The purchase of shares.");
    await first.stop();
    await using _second = await room.startBot();
    const known = await room.as("carla").asks("What is a share deal?");
    await room.as("carla").expects({ kind: "answer", re: known });
    expect(room.printed.map((line) => JSON.parse(line).text)).toEqual([
      "What is a share deal?",
      "The purchase of shares.",
      "What is a share deal?",
      "The purchase of shares.",
    ]);
  });
});
