import type { AskOptions, Priority, RedRoomClient, Sending, Topic, TopicMessage } from "@redroom/sdk";
import { deadlineOf } from "../chat/input.ts";
import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { CommandFailure, usageFailure } from "../failure.ts";
import { writeMessage } from "../message-line.ts";
import { onSignal } from "../signals.ts";
import { writeStored } from "../stored-line.ts";
import { interruptedBy } from "./send.ts";

export interface WriteOptions extends ConnectionOptions {
  readonly topic: string;
  readonly to?: readonly string[];
  readonly json?: boolean;
}

export interface AskCommandOptions extends WriteOptions {
  readonly priority?: Priority;
  readonly due?: string;
  readonly re?: number;
  readonly wait?: boolean;
}

/** Asks a question; with `wait`, prints the first answer, in a regulated topic once it is revealed. */
export async function ask(
  address: string,
  words: readonly string[],
  options: AskCommandOptions,
  context: Context,
): Promise<void> {
  const { to, priority, due, re, wait } = options;
  const asked: AskOptions = {
    ...(to && { to }),
    ...(priority && { priority }),
    ...(due !== undefined && { due: deadlineOf(due, new Date()) }),
    ...(re && { re }),
  };
  await write(address, words, options, context, async (text, topic, client) => {
    const answers = wait ? new FirstAnswer(client) : undefined;
    const sending = topic.ask(text, asked);
    const { seq } = await report(sending, options, context);
    if (answers !== undefined) await writeMessage(await answers.to(seq), options, context);
  });
}

/** Answers a question. */
export async function answer(
  address: string,
  seq: number,
  words: readonly string[],
  options: WriteOptions,
  context: Context,
): Promise<void> {
  const { to } = options;
  await write(address, words, options, context, async (text, topic) => {
    await report(topic.answer({ seq }, text, { ...(to && { to }) }), options, context);
  });
}

async function write(
  address: string,
  words: readonly string[],
  { to, wait = false, ...options }: AskCommandOptions,
  context: Context,
  work: (text: string, topic: Topic, client: RedRoomClient) => Promise<void>,
): Promise<void> {
  const text = words.join(" ");
  if (text === "") throw usageFailure("failure.noText");
  await using client = await connect(address, options, context);
  // Whom a name stands for, and what is answered, is told to those who read.
  const reads = wait || to !== undefined;
  const topic = reads
    ? await client.topic(options.topic).open()
    : await client.topic(options.topic).open({ from: "none" });
  await work(text, topic, client);
}

async function report(sending: Sending, options: WriteOptions, context: Context) {
  const stored = await sending;
  await writeStored(stored, options, context);
  return stored;
}

/** What is answered to a question whose number is not known yet. */
class FirstAnswer {
  readonly #client: RedRoomClient;
  readonly #early: TopicMessage[] = [];
  #take: (message: TopicMessage) => void = (message) => void this.#early.push(message);

  constructor(client: RedRoomClient) {
    this.#client = client;
    client.on("message", ({ message }) => this.#take(message));
  }

  /** @throws {CommandFailure} When it is withdrawn or closed instead, or a signal comes. */
  async to(seq: number): Promise<TopicMessage> {
    let interrupt: (failure: CommandFailure) => void = () => {};
    using _signals = onSignal((signal) => interrupt(interruptedBy(signal)));
    return await new Promise<TopicMessage>((resolve, reject) => {
      interrupt = reject;
      this.#take = (message) => {
        if (message.re !== seq) return;
        if (message.kind === "answer") resolve(message);
        if (message.kind === "withdrawal" || message.kind === "closing") {
          reject(new CommandFailure(EXIT_CODES.unanswered, "failure.unanswered", { seq }));
        }
      };
      for (const message of this.#early) this.#take(message);
      this.#client.on("closed", (cause) => cause !== undefined && reject(cause));
      this.#client.on("topicFailed", ({ error }) => reject(error));
    });
  }
}
