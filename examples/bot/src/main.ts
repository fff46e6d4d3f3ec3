import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { RedRoomClient, RedRoomError } from "@redroom/sdk";
import { findAnswer, readAnswers } from "./answers.ts";

const USAGE =
  "usage: redroom-bot ADDRESS --user NAME --topic TITLE [--topic TITLE …] --answers FILE (REDROOM_PASSWORD set)";

function fail(error: unknown): never {
  console.error(`redroom-bot: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

/** An id that is taken: it was answered before, from another table. */
function unlessAnswered(error: unknown): void {
  if (!(error instanceof RedRoomError && error.code === "ID_REUSED")) throw error;
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { user: { type: "string" }, topic: { type: "string", multiple: true }, answers: { type: "string" } },
  });
  const [address] = positionals;
  const { user: name, topic: titles, answers: file } = values;
  const { REDROOM_PASSWORD: password } = process.env;
  if (!address || !name || !titles || !file || !password) return fail(USAGE);

  const answers = readAnswers(file);
  const client = await RedRoomClient.connect(address, { auth: { name, password } });
  const me = client.user.name;
  let answering = Promise.resolve();
  let leaving = false;

  client.on("message", ({ topic, message }) => {
    console.log(JSON.stringify({ event: "read", topic: topic.title, ...message }));
    if (message.kind !== "question" || message.author === me) return;
    const text = findAnswer(answers, message.text);
    if (text === undefined) return;
    // The same question always gets the same id, and the record keeps one message an id: whatever restarts, and however
    // often, a question is answered once.
    const id = createHash("sha256").update(`answer to ${message.seq}`).digest().subarray(0, 16).toString("base64url");
    answering = answering.then(async () => void (await topic.answer(message, text, { id }))).catch(unlessAnswered);
    answering.catch((error) => leaving || fail(error));
  });
  // A lost connection comes back by itself; these do not.
  client.on("topicFailed", ({ error }) => fail(error));
  client.on("closed", (error) => error && fail(error));
  // What is not answered by then is answered after the next start.
  const leave = (): void => {
    leaving = true;
    client.removeAllListeners("message");
    void client.close();
  };
  process.once("SIGINT", leave).once("SIGTERM", leave);

  for (const title of titles) await client.topic(title).open({ from: "start" });
}

main().catch(fail);
