import { setTimeout as sleep } from "node:timers/promises";
import { faultsOfAnswers } from "../harness/answers.ts";
import type { BotProcess } from "../harness/bot-process.ts";
import { Room } from "../harness/room.ts";
import type { Scenario } from "../scenario.ts";

const TITLES = ["Share Deal", "Rückstellungen", "Einlagen", "Forderungen"] as const;
const BACK_WITHIN_MS = 30_000;
/** A bot that has begun to answer is killed within that time. */
const LIVES_MS = 400;
/** One that has not, within that time. */
const STARTS_MS = 1_000;

/** `kill -9` at any moment: while it starts, before it has answered, between an answer and the note of it. */
export const botKilled: Scenario = {
  promise: "a bot killed at random moments answers each question, and none twice",
  async run({ short, random, log }) {
    const [kills, questions] = short ? [10, 100] : [100, 1_000];
    await using room = await Room.open({ people: ["anna", "bot"], topics: TITLES });
    const anna = await room.enter("anna", { titles: TITLES, from: "start", reading: "events" });
    const bots: BotProcess[] = [];
    let asked = 0;
    /** Some questions, at moments of their own. */
    const askUpTo = async (count: number): Promise<void> => {
      while (asked < count) {
        asked += 1;
        await anna.ask("ask", { title: random.pick(TITLES), text: `Question ${asked}?` });
        await sleep(random.between(0, 60));
      }
    };
    let earlyKills = 0;
    for (let round = 1; round <= kills; round++) {
      const bot = room.startBot("bot");
      bots.push(bot);
      const asking = askUpTo(Math.round((round * questions) / kills));
      if (random.chance(0.25)) {
        await sleep(random.between(0, STARTS_MS));
        earlyKills += 1;
      } else {
        await room.until(
          () => bot.answered > 0,
          BACK_WITHIN_MS,
          () => `bot ${round} answers nothing`,
        );
        await sleep(random.between(0, LIVES_MS));
      }
      await bot.kill();
      await asking;
      if (round % 10 === 0) log(`${round} of ${kills} kills, ${asked} questions asked`);
    }
    const last = room.startBot("bot");
    const faults: string[] = [];
    const answers = (): number => anna.counts.read - asked;
    const complaint = (): string => `${answers()} answers to ${asked} questions`;
    await room.until(() => answers() >= asked, BACK_WITHIN_MS, complaint).catch(({ message }) => faults.push(message));
    await last.stop();
    faults.push(
      ...[...bots, last].flatMap(({ failures }) => failures.map((reason) => `the bot has failed: ${reason}`)),
    );
    faults.push(...(await room.examine(faultsOfAnswers)));
    const told = bots.reduce((sum, { answered }) => sum + answered, last.answered);
    return {
      faults,
      measured: {
        kills: `${kills}, ${earlyKills} of them at a random moment of the start`,
        questions: String(asked),
        "answered by a bot that was killed": String(told - last.answered),
        "answers sent again": String(told - asked),
      },
    };
  },
};
