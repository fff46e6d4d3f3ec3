import { parseArgs } from "node:util";
import { fileSessions } from "@redroom/sdk/bot";
import { answerBot } from "./answer-bot.ts";
import { readAnswers } from "./answers.ts";
import { archivist } from "./archivist.ts";
import { deadlineKeeper } from "./deadline-keeper.ts";

const USAGE = `usage: redroom-bot answers|deadlines|archivist ADDRESS --user NAME [--topic TITLE …] (REDROOM_PASSWORD set)

  answers    --answers FILE [--ask NAME]  answers what the table has, asks NAME what it has not
  deadlines  [--before MINUTES]           reminds of open questions before their deadlines, an hour by default
  archivist  [--state FILE]               verifies the record, and tells at midnight (UTC) what the day has brought`;

function fail(error: unknown): never {
  console.error(`redroom-bot: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

function createBot() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: "string" },
      topic: { type: "string", multiple: true },
      answers: { type: "string" },
      ask: { type: "string" },
      state: { type: "string" },
      before: { type: "string", default: "60" },
    },
  });
  const [command, address] = positionals;
  const { user: name, topic: topics, answers, ask: expert, before, state } = values;
  const { REDROOM_PASSWORD: password } = process.env;
  if (!address || !name || !password) return fail(USAGE);

  const options = { auth: { name, password }, ...(topics && { topics }) };
  if (command === "answers" && answers) return answerBot(address, options, { answers: readAnswers(answers), expert });
  if (command === "deadlines" && Number(before) >= 0) {
    return deadlineKeeper(address, options, { beforeMs: Number(before) * 60_000 });
  }
  if (command === "archivist") {
    const storage = state ? fileSessions(state) : undefined;
    return archivist(address, options, { ...(storage && { storage }) });
  }
  return fail(USAGE);
}

async function main(): Promise<void> {
  const bot = createBot();
  let started = false;
  bot.catch(({ error, ctx, topic, outcome }) => {
    const what = `${topic}: ${error instanceof Error ? error.message : error}`;
    if (!started && ctx === undefined) fail(what);
    console.error(`redroom-bot: ${what}; ${outcome}`);
  });
  const leave = (): void => void bot.stop();
  process.once("SIGINT", leave).once("SIGTERM", leave);
  await bot.start();
  started = true;
  const error = await bot.closed;
  if (error !== undefined) fail(error);
}

main().catch(fail);
