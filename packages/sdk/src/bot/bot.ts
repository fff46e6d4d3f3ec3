import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, systemClock, type Timer } from "../base/clock.ts";
import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { Person } from "../client/person.ts";
import { RedRoomClient } from "../client/redroom-client.ts";
import type { Topic } from "../client/topic.ts";
import { type BotOptions, type Settings, settingsOf } from "./bot-options.ts";
import { BotSessions } from "./bot-sessions.ts";
import { Composer } from "./composer.ts";
import type { BotContext, BotError, GivenUp } from "./context.ts";
import type { NoticeContent } from "./live-context.ts";
import { Slots } from "./slots.ts";
import { TopicRunner } from "./topic-runner.ts";
import type { Fate } from "./topic-work.ts";

/** How often topics are looked for that are new, or could not be opened. */
const LOOK_MS = 60_000;

/** So many topics are opened at a time. */
const OPENING = 8;

/** A topic takes two streams of the connection, which has 256 by default: some must be left to save places. */
const MAX_TOPICS = 100;

/** How long until the topics are listed again, where that has failed. */
const LIST_MS = 1_000;

/**
 * A program in the place of a user. It handles the entries of each topic in order, and never loses its place: after a restart it goes
 * on with the first entry that it had not finished, and what it has sent for that entry is not sent twice.
 *
 * @example
 * await using bot = new Bot(address, { auth: { name: "quotes", password }, name: "quotes" });
 * bot.on("question", (ctx) => ctx.answer("Two million."));
 * bot.catch(({ error }) => console.error(error));
 * await bot.start();
 * await bot.closed;
 */
export class Bot<S = undefined> extends Composer<BotContext<S>> {
  /** Resolves when the bot is over: with what ended it, `CURSOR_TAKEN` where another instance has taken its place; `undefined` after `stop()`. */
  readonly closed: Promise<RedRoomError | undefined>;
  readonly #address: string;
  readonly #options: BotOptions<S>;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #slots: Slots;
  readonly #sessions: BotSessions | undefined;
  readonly #onError: ((error: BotError<S>) => unknown)[] = [];
  /** By title: those that go on. */
  readonly #running = new Map<string, TopicRunner>();
  /** By title: those that have failed, and what they failed with. */
  readonly #failed = new Map<string, { readonly code: string; readonly runner: TopicRunner | undefined }>();
  /** What is handled, in all that its handlers do. */
  readonly #handled = new AsyncLocalStorage<BotContext>();
  #close: (error: RedRoomError | undefined) => void = () => {};
  #client: RedRoomClient | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #looking: Timer | undefined;
  #listing: Timer | undefined;

  /**
   * @param address As the server printed it: `redroom://HOST:PORT/#sha256-…`.
   * @throws {RedRoomError} `OPTIONS_INVALID`.
   */
  constructor(address: string, options: BotOptions<S>) {
    super();
    this.#address = address;
    this.#options = options;
    this.#settings = settingsOf(options);
    this.#clock = options.clock ?? systemClock;
    this.#log = options.logger ?? silentLogger;
    this.#sessions = options.session && new BotSessions(options.name, options.session);
    this.#slots = new Slots(this.#settings.concurrency);
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  /** The bot's connection. @throws {RedRoomError} `CONNECTION_CLOSED` before it is started. */
  get client(): RedRoomClient {
    if (this.#client === undefined) throw notStarted();
    return this.#client;
  }

  /**
   * Adds somebody to tell of failures: of handlers, with what becomes of the entry, and of whole topics. What this one throws is
   * logged.
   */
  catch(handle: (error: BotError<S>) => unknown): this {
    this.#onError.push(handle);
    return this;
  }

  /**
   * Connects, and resolves when the bot's topics are open. From then on nothing is lost: a lost connection comes back by itself.
   *
   * @throws {RedRoomError} As `RedRoomClient.connect`; and what the topics fail with, where none of those named can be opened.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Begins nothing new, waits for handlers that are at work, and leaves. What has not ended by then is handled again after the next
   * start, and so is what waits for messages. Idempotent. Called by a handler it resolves at once: the bot stops behind it.
   *
   * @param options.drainMs How long to wait for handlers, and for the server's answers; 5,000 by default.
   */
  stop(options: { readonly drainMs?: number } = {}): Promise<void> {
    const started = this.#starting?.catch(() => {}) ?? Promise.resolve();
    this.#stopping ??= started.then(() => this.#stop(options.drainMs ?? 5_000, undefined));
    const atWork = this.#handled.getStore()?.signal.aborted === false;
    return atWork ? Promise.resolve() : this.#stopping; // a handler would wait for itself
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The entries of a topic that the bot has given up, oldest first; at most 200, then the topic stops. */
  givenUp(topicTitle: string): readonly GivenUp[] {
    return this.#runnerOf(topicTitle)?.givenUp ?? [];
  }

  /**
   * Takes an entry off the list of those given up. It is not handled again.
   *
   * @returns When that is durable; `false` where it is not listed.
   */
  async forget(topicTitle: string, seq: number): Promise<boolean> {
    return (await this.#runnerOf(topicTitle)?.forget(seq)) ?? false;
  }

  async #start(): Promise<void> {
    try {
      if (this.#stopping !== undefined) throw notStarted();
      const client = await RedRoomClient.connect(this.#address, this.#options);
      this.#client = client;
      this.#listen(client);
      const failures = await this.#look(client);
      const [failure] = failures;
      const none = this.#running.size === 0 && this.#options.topics !== undefined;
      if (none && failure !== undefined) throw failure;
      this.#lookAgain(client);
    } catch (thrown) {
      const error = toRedRoomError(thrown, "INTERNAL", "start the bot");
      if (this.#stopping === undefined) await this.#end(error);
      throw error;
    }
  }

  #listen(client: RedRoomClient): void {
    const notice = (topic: Topic, content: NoticeContent): void => this.#running.get(topic.title)?.notice(content);
    const isOwn = (topic: Topic, member: Person): boolean => !this.#settings.own && member.id === topic.self?.id;
    client.on("presence", ({ topic, member, presence }) => {
      if (!isOwn(topic, member)) notice(topic, { event: "presence", member, presence });
    });
    client.on("typing", ({ topic, member, active }) => {
      if (!isOwn(topic, member)) notice(topic, { event: "typing", member, active });
    });
    client.on("rights", ({ topic, ...about }) => notice(topic, { event: "rights", ...about }));
    client.on("waiting", ({ topic, ...about }) => notice(topic, { event: "waiting", ...about }));
    client.on("topicFailed", ({ topic, error }) => this.#running.get(topic.title)?.fail(error));
    client.on("closed", (error) => void this.#end(error));
    client.on("state", ({ state }) => {
      for (const runner of this.#running.values()) runner.away();
      if (state === "online") void this.#catchUp(client);
    });
  }

  /** What has come meanwhile, topics must read before they say that something has not come. */
  async #catchUp(client: RedRoomClient): Promise<void> {
    this.#listing?.cancel();
    const listed = await client.topics().catch(() => undefined);
    if (listed === undefined) return this.#catchUpLater(client);
    for (const { title, head } of listed) this.#running.get(title)?.back(head);
  }

  #catchUpLater(client: RedRoomClient): void {
    if (this.#stopping !== undefined || client.state !== "online") return; // the next connection asks again
    this.#listing = this.#clock.setTimer(() => void this.#catchUp(client), LIST_MS);
  }

  /** @returns What topics have failed with that are not open yet. */
  async #look(client: RedRoomClient): Promise<RedRoomError[]> {
    const titles = this.#options.topics ?? (await client.topics()).map(({ title }) => title);
    const missing = new Set(titles.map((title) => title.normalize("NFC")).filter((title) => !this.#running.has(title)));
    const failures: RedRoomError[] = [];
    const next = missing.values();
    const openNext = async (): Promise<void> => {
      for (const title of next) {
        const failure = await this.#open(client, title);
        if (failure !== undefined) failures.push(failure);
      }
    };
    await Promise.all(Array.from({ length: OPENING }, openNext));
    return failures;
  }

  async #open(client: RedRoomClient, title: string): Promise<RedRoomError | undefined> {
    const scene = { client, topic: client.topic(title), log: this.#log };
    const { name } = this.#options;
    const runner: TopicRunner = new TopicRunner(scene, {
      clock: this.#clock,
      slots: this.#slots,
      sessions: this.#sessions,
      options: { ...this.#settings, name },
      handle: (ctx) => this.#handled.run(ctx, () => this.run(ctx as BotContext<S>, async () => {})),
      tell: (error, ctx, fate) => this.#tell(error, ctx, title, fate),
      onFailed: (error) => this.#topicFailed(title, runner, error),
    });
    try {
      if (this.#running.size >= MAX_TOPICS) throw tooManyTopics(title);
      this.#running.set(title, runner);
      await runner.open();
      this.#failed.delete(title);
    } catch (thrown) {
      const error = toRedRoomError(thrown, "INTERNAL", "open a topic");
      runner.fail(error);
      return error;
    }
    return undefined;
  }

  #topicFailed(title: string, runner: TopicRunner, error: RedRoomError): void {
    if (this.#running.get(title) === runner) this.#running.delete(title);
    if (this.#stopping !== undefined) return;
    if (error.code === "CURSOR_TAKEN") return void this.#end(error);
    const before = this.#failed.get(title);
    this.#failed.set(title, { code: error.code, runner });
    if (before?.code !== error.code) this.#tell(error, undefined, title, { outcome: "reported" });
  }

  #lookAgain(client: RedRoomClient): void {
    if (this.#stopping !== undefined) return;
    this.#looking = this.#clock.setTimer(() => {
      void this.#look(client)
        .catch(() => []) // not online: another time
        .then(() => this.#lookAgain(client));
    }, LOOK_MS);
  }

  #end(error: RedRoomError | undefined): Promise<void> {
    this.#stopping ??= this.#stop(0, error);
    return this.#stopping;
  }

  async #stop(drainMs: number, error: RedRoomError | undefined): Promise<void> {
    this.#looking?.cancel();
    this.#listing?.cancel();
    const client = this.#client;
    let timer: Timer | undefined;
    const patience = new Promise<void>((resolve) => {
      if (drainMs === 0 || client === undefined) resolve();
      else timer = this.#clock.setTimer(resolve, drainMs);
    });
    await Promise.all([...this.#running.values()].map((runner) => runner.stop(patience)));
    timer?.cancel();
    await client?.close({ drainMs });
    await this.#sessions?.close();
    this.#close(error);
  }

  #runnerOf(title: string): TopicRunner | undefined {
    const normal = title.normalize("NFC");
    return this.#running.get(normal) ?? this.#failed.get(normal)?.runner;
  }

  #tell(error: unknown, ctx: BotContext | undefined, topic: string, fate: Fate): void {
    const told = { error, ctx: ctx as BotContext<S> | undefined, topic, ...fate };
    if (this.#onError.length === 0) this.#report(error, topic, fate);
    for (const handle of this.#onError) {
      // At once or later: what it throws is nobody else's affair.
      void new Promise((resolve) => resolve(handle(told))).catch((thrown) => this.#report(thrown, topic, fate));
    }
  }

  #report(error: unknown, topic: string, { outcome }: Fate): void {
    if (this.#options.logger === undefined)
      console.error(`a handler of topic ${JSON.stringify(topic)} has failed (${outcome})`, error);
    else this.#log.error({ error, topic, outcome }, "a handler of the bot has failed");
  }
}

const tooManyTopics = (title: string): RedRoomError =>
  new RedRoomError(
    "TOO_MANY_STREAMS",
    `unable to be in topic ${JSON.stringify(title)}; the bot is in ${MAX_TOPICS} topics, the limit is ${MAX_TOPICS}`,
    { retryable: true, remedy: "share the topics among several processes, by the option `topics`" },
  );

const notStarted = (): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", "unable to go on; the bot is not started, or stopped already");
