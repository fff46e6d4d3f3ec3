// Asks the bot of docs/guide/first-bot.md for a rate, and prints what it answers.
import { RedRoomClient } from "@redroom/sdk";

const client = await RedRoomClient.connect(process.argv[2] ?? "", {
  auth: { name: "anna", password: "correct horse battery" },
});
const topic = await client.topic("Share Deal").open();
const { seq } = await topic.ask("What was the exchange rate?");
for await (const message of topic.messages({ from: seq + 1 })) {
  if (message.kind === "question") await topic.answer(message, "2026-09-30");
  if (message.kind !== "answer" || message.re !== seq) continue;
  console.log(message.text);
  break;
}
await client.close();
