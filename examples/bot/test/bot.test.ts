import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RedRoomClient, type Topic, type TopicMessage } from "@redroom/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Operator } from "../../demo/src/operator.ts";
import { Processes, type Running } from "../../demo/src/processes.ts";

const PASSWORD = "correct horse battery";
const ANSWERS = {
  "was ist ein share deal": "Der Kauf von Anteilen – in ganzer Größe.",
  "what is a share deal": "The purchase of shares.",
};

const processes = new Processes();
const opened: { close(): Promise<unknown> }[] = [];
let folder = "";
let address = "";
let operator: Operator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redroom-bot-"));
  operator = new Operator(processes, join(folder, "data"), () => {});
  ({ address } = await operator.start());
  await Promise.all(["anna", "carla", "bot"].map((name) => operator.addUser(name, PASSWORD)));
  await writeFile(join(folder, "answers.json"), JSON.stringify(ANSWERS));
}, 120_000);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

afterAll(async () => {
  await processes[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function startBot(args: readonly string[], password = PASSWORD): Running {
  const bot = processes.start({
    name: "the bot",
    command: [fileURLToPath(new URL("../src/main.ts", import.meta.url)), ...args],
    password,
  });
  bot.ended.catch(() => {}); // the test that expects it to fail awaits it
  opened.push({ close: () => bot.stop().catch(() => {}) });
  return bot;
}

const startBotIn = (title: string): Running =>
  startBot([address, "--user", "bot", "--topic", title, "--answers", join(folder, "answers.json")]);

/** The bot only answers; who asks it leads the conversation. */
const createTopic = (title: string): Promise<void> =>
  operator.createTopic(title, { anna: ["superuser"], carla: ["interviewer", "interviewee"], bot: ["interviewee"] });

async function enter(title: string, name = "anna"): Promise<Topic> {
  const client = await RedRoomClient.connect(address, { auth: { name, password: PASSWORD } });
  opened.push(client);
  return client.topic(title).open();
}

async function answerTo(topic: Topic, seq: number): Promise<TopicMessage> {
  for await (const message of topic.messages({ from: "start" })) if (message.re === seq) return message;
  throw new Error(`the topic ended before ${seq} was answered`);
}

const answersIn = async (topic: Topic): Promise<(number | undefined)[]> =>
  (await topic.history()).filter(({ author, kind }) => author === "bot" && kind === "answer").map(({ re }) => re);

describe("the bot", () => {
  it("answers the questions of its table, in both languages", async () => {
    await createTopic("Both languages");
    startBotIn("Both languages");
    const topic = await enter("Both languages");
    const german = await topic.ask("Eine Frage: WAS IST ein Share Deal?");
    const english = await topic.ask("What is a share deal?");
    expect(await answerTo(topic, german.seq)).toMatchObject({
      author: "bot",
      kind: "answer",
      text: ANSWERS["was ist ein share deal"],
    });
    expect(await answerTo(topic, english.seq)).toMatchObject({ text: ANSWERS["what is a share deal"] });
  });

  it("answers nothing else: no question to somebody else, and never itself, though it may do and see all that", async () => {
    await operator.createTopic("Nothing else", { anna: ["superuser"], carla: ["interviewer"], bot: ["superuser"] });
    const topic = await enter("Nothing else");
    const [asCarla, asBot] = await Promise.all([enter("Nothing else", "carla"), enter("Nothing else", "bot")]);
    await topic.note("What is a share deal? A note only.");
    const unknown = await asCarla.ask("What is an asset deal?");
    await topic.answer(unknown, "Ask rather: what is a share deal?");
    await asCarla.ask("What is a share deal?", { to: ["anna"] });
    await asBot.ask("What is a share deal?");
    const known = await topic.ask("What is a share deal?");
    startBotIn("Nothing else");
    await answerTo(topic, known.seq);
    expect(await answersIn(topic)).toEqual([known.seq]);
  });

  it("answers a question once, however often it restarts, and those that came while it was away", async () => {
    await createTopic("Once");
    const topic = await enter("Once");
    const asked: number[] = [];
    for (const _ of [1, 2, 3]) {
      const bot = startBotIn("Once");
      const { seq } = await topic.ask("What is a share deal?");
      asked.push(seq);
      await answerTo(topic, seq);
      await bot.stop();
      asked.push((await topic.ask("Was ist ein Share Deal?")).seq);
    }
    startBotIn("Once");
    await answerTo(topic, asked.at(-1) ?? 0);
    expect(await answersIn(topic)).toEqual(asked);
  }, 60_000);

  it("goes on where a question was withdrawn before it came", async () => {
    await createTopic("Withdrawn");
    const topic = await enter("Withdrawn");
    await topic.withdraw(await topic.ask("What is a share deal?"), "I know by now.");
    const { seq } = await topic.ask("Was ist ein Share Deal?");
    startBotIn("Withdrawn");
    await answerTo(topic, seq);
    expect(await answersIn(topic)).toEqual([seq]);
  });

  it("says in one line what is wrong", async () => {
    await expect(startBot([address]).ended).rejects.toThrow(/^the bot ended with 1; redroom-bot: usage: .*$/);
    const args = [address, "--user", "bot", "--topic", "Once", "--answers", join(folder, "answers.json")];
    await expect(startBot(args, "wrong password").ended).rejects.toThrow(/^the bot ended with 1; redroom-bot: .*$/);
    await expect(startBot([...args, "--topic", "Nowhere"]).ended).rejects.toThrow(
      /^the bot ended with 1; redroom-bot: .*Nowhere.*$/,
    );
  });
});
