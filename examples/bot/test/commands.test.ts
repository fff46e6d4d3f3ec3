import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedRoomClient, type Topic, type TopicMessage } from "@redroom/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { commandOf } from "../../../test/command-of.ts";
import { Running } from "../../cli/test/processes.ts";
import { as, passwordOf, TestServer } from "../../cli/test/server.ts";

const ANSWERS = {
  "was ist ein share deal": "Der Kauf von Anteilen – in ganzer Größe.",
  "what is a share deal": "The purchase of shares.",
};
const HOUR_MS = 3_600_000;
const REDROOM_BOT = commandOf("examples/bot");

let folder = "";
let server: TestServer;
const opened: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redroom-bot-"));
  await writeFile(join(folder, "answers.json"), JSON.stringify(ANSWERS));
  server = await TestServer.start({ users: ["anna", "carla", "bot"], topics: [] });
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function redroomBot(args: readonly string[], options = as("bot")): Running {
  const bot = new Running([...REDROOM_BOT, ...args], options);
  opened.push({ close: () => bot[Symbol.asyncDispose]() });
  return bot;
}

const start = (command: string, title: string, ...more: string[]): Running =>
  redroomBot([command, server.address, "--user", "bot", "--topic", title, ...more]);

const startAnswers = (title: string): Running => start("answers", title, "--answers", join(folder, "answers.json"));

async function enter(title: string, roles: readonly string[], name = "anna"): Promise<Topic> {
  await server.createTopic(title, { anna: ["superuser"], carla: ["interviewer", "interviewee"], bot: roles });
  const client = await RedRoomClient.connect(server.address, { auth: { name, password: passwordOf(name) } });
  opened.push(client);
  return client.topic(title).open();
}

/** Resolves with the first that is as wanted. */
async function find(topic: Topic, isWanted: (message: TopicMessage) => boolean): Promise<TopicMessage> {
  for await (const message of topic.messages({ from: "start" })) if (isWanted(message)) return message;
  throw new Error("the topic has ended");
}

const answerTo = (topic: Topic, seq: number): Promise<TopicMessage> => find(topic, ({ re }) => re === seq);

const terminate = (bot: Running): Promise<number | null> => {
  bot.child.kill("SIGTERM");
  return bot.exit;
};

describe("redroom-bot", () => {
  it("answers, in both languages", async () => {
    const topic = await enter("Both languages", ["interviewee"]);
    const bot = startAnswers("Both languages");
    const german = await topic.ask("Eine Frage: WAS IST ein Share Deal?");
    const english = await topic.ask("What is a share deal?");
    expect(await answerTo(topic, german.seq)).toMatchObject({
      author: "bot",
      kind: "answer",
      text: ANSWERS["was ist ein share deal"],
    });
    expect(await answerTo(topic, english.seq)).toMatchObject({ text: ANSWERS["what is a share deal"] });
    expect(await terminate(bot)).toBe(0);
    expect(bot.stderr).toBe("");
  });

  it("answers a question once, however often it restarts, and those that came while it was away", async () => {
    const topic = await enter("Once", ["interviewee"]);
    const asked: number[] = [];
    for (const signal of ["SIGTERM", "SIGKILL", "SIGTERM"] as const) {
      const bot = startAnswers("Once");
      const { seq } = await topic.ask("What is a share deal?");
      asked.push(seq);
      await answerTo(topic, seq);
      bot.child.kill(signal);
      await bot.exit;
      asked.push((await topic.ask("Was ist ein Share Deal?")).seq);
    }
    startAnswers("Once");
    await answerTo(topic, asked.at(-1) ?? 0);
    const answers = (await topic.history()).filter(({ author, kind }) => author === "bot" && kind === "answer");
    expect(answers.map(({ re }) => re)).toEqual(asked);
  });

  it("minds deadlines", async () => {
    const topic = await enter("Deadlines", ["superuser"]);
    const keeper = start("deadlines", "Deadlines", "--before", "60");
    const { seq } = await topic.ask("What is the price?", { due: new Date(Date.now() + HOUR_MS) });
    const { text } = await find(topic, ({ author, kind }) => author === "bot" && kind === "note");
    expect(text).toMatch(new RegExp(`^Question ${seq} of anna is open\\.`));
    expect(await terminate(keeper)).toBe(0);
    expect(keeper.stderr).toBe("");
  });

  it("reads along as an archivist", async () => {
    const topic = await enter("Archive", ["archivist"]);
    const bot = start("archivist", "Archive", "--state", join(folder, "archive.json"));
    const { seq } = await topic.ask("What is a share deal?", { to: ["carla"] });
    const seen = async (): Promise<boolean> =>
      (await topic.deliveries({ seq })).some(({ member }) => member.name === "bot");
    await expect.poll(seen, { timeout: 60_000 }).toBe(true);
    expect(await terminate(bot)).toBe(0);
    expect(bot.stderr).toBe("");
  });

  it.each(["answers", "deadlines", "archivist"])("%s says in one line what is wrong", async (command) => {
    await server.createTopic(`Wrong ${command}`, { bot: ["superuser"] });
    const args = [command, server.address, "--user", "bot", "--answers", join(folder, "answers.json"), "--topic"];
    const wrongPassword = redroomBot([...args, `Wrong ${command}`], { env: { REDROOM_PASSWORD: "wrong password" } });
    const wrongTopic = redroomBot([...args, "Nowhere"]);
    expect(await wrongPassword.exit).toBe(1);
    expect(wrongPassword.stderr).toMatch(/^redroom-bot: unable to log in.*\n$/);
    expect(await wrongTopic.exit).toBe(1);
    expect(wrongTopic.stderr).toMatch(/^redroom-bot: Nowhere: unable to use the topic;.*\n$/);
  });

  it("shows how it is used", async () => {
    for (const args of [[], ["answers", server.address], ["guess", server.address, "--user", "bot"]]) {
      const bot = redroomBot(args);
      expect(await bot.exit).toBe(1);
      expect(bot.stderr).toMatch(/^redroom-bot: usage: /);
    }
  });
});
