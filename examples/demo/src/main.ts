// A whole conversation in a few seconds: a server, two people and a bot, each a process of its own. Ends with 0 only if
// every message was stored once, in order, and reached everybody.
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFaults } from "./check.ts";
import { readConversation } from "./conversation.ts";
import { Operator } from "./operator.ts";
import { inPlaces } from "./places.ts";
import { Processes, type Running } from "./processes.ts";
import { readRecord } from "./record.ts";
import type { Report } from "./report.ts";
import { Screen } from "./screen.ts";
import { Stage } from "./stage.ts";

/** A pause before each line, for those who watch; nothing depends on it. */
const PACE_MS = process.stdout.isTTY ? 100 : 0;
const SILENCE_MS = 20_000;

const conversation = readConversation();
const { people, bot, roles, topics, lines } = conversation;
const screen = new Screen([...people, bot]);

/** @returns Everything that participants received, once the server has stopped. */
async function perform(processes: Processes, data: string): Promise<Stage> {
  const operator = new Operator(processes, data, (command) => screen.command(command));
  const { address, server } = await operator.start();
  screen.print(`    ${address}`);
  const passwords = new Map([...people, bot].map((name) => [name, randomBytes(12).toString("base64url")]));
  await Promise.all([...passwords].map(([name, password]) => operator.addUser(name, password)));
  for (const title of topics) await operator.createTopic(title, roles);

  screen.heading(`The conversation: ${people.join(", ")} and a bot, each a process of its own`);
  const stage = await play(processes, address, passwords);
  await server.stop();
  return stage;
}

/** Lets the people and the bot meet, and ends when each of them has heard everything. */
async function play(processes: Processes, address: string, passwords: ReadonlyMap<string, string>): Promise<Stage> {
  const stage = new Stage(conversation, (heard) => screen.message(heard));
  const silence = setTimeout(
    () => processes.fail(new Error(`nothing has happened for ${SILENCE_MS / 1_000} s; ${stage.missing()}`)),
    SILENCE_MS,
  );
  const enter = (name: string, program: URL, args: readonly string[]): Running =>
    processes.start({
      name,
      command: [fileURLToPath(program), ...args],
      password: passwords.get(name) ?? "",
      onLine: (line) => {
        silence.refresh();
        stage.report(name, JSON.parse(line) as Report);
      },
    });
  try {
    const answers = fileURLToPath(new URL("../../bot/answers.json", import.meta.url));
    const titles = topics.flatMap((title) => ["--topic", title]);
    const program = new URL("../../bot/src/main.ts", import.meta.url);
    const answering = enter(bot, program, [
      ...["answers", address, "--user", bot, ...titles],
      ...["--answers", answers],
    ]);
    // Whoever has the first word comes last, so that nobody misses the beginning.
    const players: Running[] = [];
    for (const name of people.toReversed()) {
      players.push(enter(name, new URL("./player.ts", import.meta.url), [address, name, String(PACE_MS)]));
      await processes.unlessFailed(stage.joined(name));
    }
    await processes.unlessFailed(Promise.all([stage.over(), ...players.map(({ ended }) => ended)]));
    await answering.stop();
    return stage;
  } finally {
    clearTimeout(silence);
  }
}

async function demo(processes: Processes): Promise<boolean> {
  screen.heading("Red Room: a server on its embedded database");
  const data = mkdtempSync(join(tmpdir(), "redroom-demo-"));
  const stage = await perform(processes, data);

  const file = join(data, "room.db");
  const record = await readRecord(file);
  screen.heading("What the database holds, read from the file after the server has stopped");
  for (const title of topics)
    screen.topic(
      title,
      record.filter(({ topic }) => topic === title),
    );

  screen.heading("How long it took");
  screen.latencies(stage.latencies());

  screen.heading("What was checked, by the file and by what each participant reported");
  const received = [...stage.received()].map(([who, heard]) => [who, inPlaces(record, heard)] as const);
  const faults = findFaults(conversation, { record: inPlaces(record, record), received: new Map(received) });
  screen.verdict(
    faults,
    `${lines.length} of ${lines.length} messages were stored once and in order, and reached everybody exactly once`,
  );

  screen.heading("Look at it yourself");
  screen.print(`  The record is ${file}\n`);
  screen.command(`sqlite3 "${file}" "SELECT * FROM topic_summaries"`);
  screen.command(`sqlite3 -box "${file}" "SELECT seq, at, author, kind, substr(text, 1, 60) FROM messages"`);
  screen.print("");
  return faults.length === 0;
}

async function main(): Promise<number> {
  let interrupted = false;
  await using processes = new Processes();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      interrupted = true;
      processes.fail(new Error("interrupted"));
    });
  }
  try {
    return (await demo(processes)) ? 0 : 1;
  } catch (error) {
    await processes[Symbol.asyncDispose]();
    if (interrupted) return 130;
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

process.exitCode = await main();
