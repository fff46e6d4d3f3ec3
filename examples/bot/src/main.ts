import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { RedRoomClient, RedRoomError, type Self, type TopicMessage } from "@redroom/sdk";
import { findAnswer, readAnswers } from "./answers.ts";

const USAGE =
  "usage: redroom-bot ADDRESS --user NAME --topic TITLE [--topic TITLE …] --answers FILE (REDROOM_PASSWORD set)";

function fail(error: unknown): never {
  console.error(`redroom-bot: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

/** Answered before, from another table; or withdrawn or closed meanwhile. */
function unlessSettled(error: unknown): void {
  if (error instanceof RedRoomError && ["ID_REUSED", "REFERENCE_INVALID"].includes(error.code)) return;
  throw error;
}

/** Whether a message is a question that was put to us: by somebody else, to all or to us. */
function isForUs({ kind, by, to }: TopicMessage, self: Self | undefined): boolean {
  return kind === "question" && by !== self?.id && (to === undefined || to.some(({ id }) => id === self?.id));
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
  let answering = Promise.resolve();
  let leaving = false;

  client.on("message", ({ topic, message }) => {
    console.log(JSON.stringify({ event: "read", topic: topic.title, ...message }));
    if (!isForUs(message, topic.self)) return;
    const text = findAnswer(answers, message.text);
    if (text === undefined) return;
    // The same question always gets the same id, and the record keeps one message an id: whatever restarts, and however
    // often, a question is answered once.
    const id = createHash("sha256").update(`answer to ${message.seq}`).digest().subarray(0, 16).toString("base64url");
    answering = answering.then(async () => void (await topic.answer(message, text, { id }))).catch(unlessSettled);
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

  for (const title of titles) {
    await client
      .topic(title)
      .open({ from: "start" })
      .catch((error) => fail(`${title}: ${error.message}`));
  }
}

main().catch(fail);
