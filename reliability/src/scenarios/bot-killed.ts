import { setTimeout as sleep } from "node:timers/promises";
import { faultsOfAnswers } from "../harness/answers.ts";
import type { BotProcess } from "../harness/bot-process.ts";
import { Room } from "../harness/room.ts";
import type { Scenario } from "../scenario.ts";

const TITLES = ["Share Deal", "Rückstellungen", "Einlagen", "Forderungen"] as const;
const BACK_WITHIN_MS = 30_000;
/** For all that is left after the last kill. */
const REST_WITHIN_MS = 120_000;
/** So many questions wait for an answer at most: a server takes no more of one person. */
const MAX_OPEN = 50;
/** A bot that has answered some questions is killed within that time. */
const LIVES_ON_MS = 50;
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
    let [allowed, asked, over] = [0, 0, false];
    /** Asked, and neither read nor answered as far as anna has seen. */
    const open = (): number => 2 * asked - anna.counts.read;
    /** Keeps asking, at moments of its own, as far as it is allowed and not too many are open. */
    const ask = async (): Promise<void> => {
      while (asked < questions && !over) {
        await sleep(random.between(0, 40));
        if (asked >= allowed || open() >= MAX_OPEN) continue;
        asked += 1;
        await anna.ask("ask", { title: random.pick(TITLES), text: `Question ${asked}?` });
      }
    };
    const asking = ask();
    let earlyKills = 0;
    const faults: string[] = [];
    try {
      for (let round = 1; round <= kills; round++) {
        allowed = Math.round((round * questions) / kills);
        const bot = room.startBot("bot");
        bots.push(bot);
        if (random.chance(0.25)) {
          await sleep(random.between(0, STARTS_MS));
          earlyKills += 1;
        } else {
          const many = random.between(1, Math.round((2 * questions) / kills));
          await room.until(
            () => bot.answered >= many || (asked === allowed && open() <= 0),
            BACK_WITHIN_MS,
            () => `bot ${round} has answered ${bot.answered} of ${many} questions`,
          );
          await sleep(random.between(0, LIVES_ON_MS));
        }
        await bot.kill();
        if (round % 10 === 0) log(`${round} of ${kills} kills, ${asked} questions asked`);
      }
      const last = room.startBot("bot");
      bots.push(last);
      await room.until(
        () => asked === questions && open() <= 0 && last.started,
        REST_WITHIN_MS,
        () => `${asked} questions are asked, ${open()} of them open`,
      );
      await last.stop();
    } catch (error) {
      faults.push((error as Error).message);
    } finally {
      over = true;
      await asking;
    }
    faults.push(...bots.flatMap(({ failures }) => failures.map((reason) => `the bot has failed: ${reason}`)));
    faults.push(...(await room.examine(faultsOfAnswers)));
    const told = bots.reduce((sum, { answered }) => sum + answered, 0);
    return {
      faults,
      measured: {
        kills: `${kills}, ${earlyKills} of them at a random moment of the start`,
        questions: String(asked),
        "answered by a bot that was killed": String(told - (bots.at(-1)?.answered ?? 0)),
        "answers sent again": String(told - asked),
      },
    };
  },
};
