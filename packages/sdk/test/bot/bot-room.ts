import type { TopicMessage } from "@redroom/sdk";
import { Bot, type BotError, type BotOptions } from "@redroom/sdk/bot";
import { openRoom, TITLE } from "../client/room.ts";

/** A room with people who read along, and bots in it. */
export async function openBotRoom(options: Parameters<typeof openRoom>[0] = {}) {
  const room = await openRoom(options);
  const bots: Bot<never>[] = [];
  const dispose = room[Symbol.asyncDispose].bind(room);
  return Object.assign(room, {
    /** A bot that is not started yet; what it tells of failures is collected. */
    bot<S = undefined>(more: Partial<BotOptions<S>> = {}) {
      const name = more.name ?? "quotes";
      const { clock } = room;
      const transport = room.network.host(name);
      const auth = { name, password: "any password" };
      const bot = new Bot<S>(room.address, { auth, transport, clock, random: () => 0.5, ...more, name });
      bots.push(bot as unknown as Bot<never>);
      const errors: BotError<S>[] = [];
      bot.catch((error) => errors.push(error));
      return Object.assign(bot, {
        errors,
        /** What became of each failure. */
        fates: () => errors.map(({ error, outcome }) => [(error as Error).message, outcome]),
      });
    },
    /** Somebody in the topic, with what they have read. */
    async person(name: string, title = TITLE) {
      const client = await room.connect(name);
      const messages: TopicMessage[] = [];
      client.on("message", ({ topic, message }) => topic.title === title && messages.push(message));
      const topic = await room.settled(client.topic(title).open({ from: "start" }));
      return {
        client,
        topic,
        messages,
        texts: () => messages.map(({ text }) => text),
        /** What others have written. */
        heard: () => messages.filter(({ author }) => author !== name).map(({ text }) => text),
      };
    },
    async [Symbol.asyncDispose]() {
      room.network.heal();
      await room.settled(Promise.all(bots.map((bot) => bot.stop({ drainMs: 1 }))));
      await dispose();
    },
  });
}

/** Resolves when it is called: for handlers that wait for the test. */
export function gate() {
  let open: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
