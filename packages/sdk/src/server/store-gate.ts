import { toBase64Url } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError, type RedRoomErrorCode, toRedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Frontier, Hash } from "../evidence/merkle.ts";
import type { Range } from "../evidence/ranges.ts";
import type { CursorStore } from "../store/cursor-store.ts";
import type { PreparedStore } from "../store/prepared-store.ts";
import type { ServedStore } from "../store/served-store.ts";
import type {
  Appended,
  Build,
  EntryKey,
  FoundEntries,
  Person,
  QuestionPage,
  ReadPage,
  ReceivedBy,
  SearchQuery,
  StoredEntry,
  StoredQuestion,
  TopicHead,
  TopicPage,
  TopicRecord,
  TopicStore,
  TopicSummary,
} from "../store/topic-store.ts";
import type { UserStore } from "../store/user-store.ts";
import { OutageLog } from "./outage-log.ts";

/** How often an open gate makes sure that the store could commit now. */
const PROBE_MS = 500;
/** A store that does not answer for so long is as good as none. */
const PROBE_TIMEOUT_MS = 3_000;
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 1_000;
/** A store that fails again within this time is asked again less soon. */
const STEADY_MS = 10_000;

export interface StoreGateContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when the gate has closed, with the reason, when that becomes another one, and when it is open again. */
  readonly onChange: (outage: RedRoomError | undefined) => void;
}

/**
 * The one way by which a server uses its store, so that it fails closed: the first failure closes the gate. From then on
 * every call rejects at once with `STORE_UNAVAILABLE`, and no result of a call that was under way comes through: what was
 * not acknowledged before is not acknowledged, and nothing is delivered. The gate then closes the store, opens it and
 * tries it, again and again, and opens once all of that succeeds.
 */
export class StoreGate implements TopicStore {
  readonly users: UserStore | undefined;
  readonly prepared: PreparedStore | undefined;
  readonly cursors: CursorStore | undefined;
  readonly #store: TopicStore;
  readonly #clock: Clock;
  readonly #log: OutageLog;
  readonly #onChange: StoreGateContext["onChange"];
  /** The calls under way, by what rejects them. */
  readonly #calls = new Set<(error: RedRoomError) => void>();
  #outage: RedRoomError | undefined;
  #timer: Timer | undefined;
  /** Probing or recovering. */
  #working: Promise<void> = Promise.resolve();
  /** Attempts in vain, and failures that came soon after an attempt that was not. */
  #setbacks = 0;
  #recoveredAt = Number.NEGATIVE_INFINITY;
  #opened = false;
  /** Whose record it is: a store that comes back with another one stays outside. */
  #logKey = "";
  #knownTopic: string | undefined;
  #closed = false;

  constructor(store: ServedStore, { clock, logger, onChange }: StoreGateContext) {
    this.#store = store;
    this.#clock = clock;
    this.#log = new OutageLog(logger, clock);
    this.#onChange = onChange;
    const { users, prepared, cursors } = store;
    this.prepared = prepared && {
      replace: (topicId, messages) => this.#pass(() => prepared.replace(topicId, messages)),
      list: (topicId) => this.#pass(() => prepared.list(topicId)),
    };
    this.cursors = cursors && {
      claim: (key) => this.#pass(() => cursors.claim(key)),
      save: (key, save) => this.#pass(() => cursors.save(key, save)),
      drop: (key) => this.#pass(() => cursors.drop(key)),
    };
    this.users = users && {
      createUser: (user) => this.#pass(() => users.createUser(user)),
      findUser: (name) => this.#pass(() => users.findUser(name)),
      updateUser: (id, change) => this.#pass(() => users.updateUser(id, change)),
      eraseUser: (id) => this.#pass(() => users.eraseUser(id)),
      listUsers: () => this.#pass(() => users.listUsers()),
    };
  }

  /** Why the store cannot be used now. */
  get outage(): RedRoomError | undefined {
    return this.#outage;
  }

  /** @throws What the store throws: a server does not begin to serve without its store. */
  async open(): Promise<void> {
    await this.#store.open();
    this.#logKey = toBase64Url(await this.#store.logKey());
    this.#opened = true;
    this.#watch();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#log.close();
    await this.#working;
    await this.#store.close();
  }

  createTopic(topic: TopicRecord): Promise<void> {
    return this.#pass(() => this.#store.createTopic(topic));
  }

  async findTopic(by: { readonly id: string } | { readonly title: string }): Promise<TopicSummary | undefined> {
    const topic = await this.#pass(() => this.#store.findTopic(by));
    this.#knownTopic = topic?.id ?? this.#knownTopic;
    return topic;
  }

  listTopics(page: TopicPage): Promise<TopicSummary[]> {
    return this.#pass(() => this.#store.listTopics(page));
  }

  pseudonym(topicId: string, person: Person): Promise<string> {
    return this.#pass(() => this.#store.pseudonym(topicId, person));
  }

  people(topicId: string): Promise<ReadonlyMap<string, Person>> {
    return this.#pass(() => this.#store.people(topicId));
  }

  received(topicId: string): Promise<ReadonlyMap<string, readonly Range[]>> {
    return this.#pass(() => this.#store.received(topicId));
  }

  head(topicId: string): Promise<TopicHead> {
    return this.#pass(() => this.#store.head(topicId));
  }

  questions(topicId: string, page: QuestionPage): Promise<StoredQuestion[]> {
    return this.#pass(() => this.#store.questions(topicId, page));
  }

  deliveriesOf(topicId: string, seq: number): Promise<readonly ReceivedBy[]> {
    return this.#pass(() => this.#store.deliveriesOf(topicId, seq));
  }

  findEntry(topicId: string, key: EntryKey): Promise<StoredEntry | undefined> {
    return this.#pass(() => this.#store.findEntry(topicId, key));
  }

  append(topicId: string, key: EntryKey, build: Build): Promise<Appended> {
    return this.#pass((isOpen) => this.#store.append(topicId, key, whileOpen(build, isOpen)));
  }

  logKey(): Promise<Uint8Array> {
    return this.#pass(() => this.#store.logKey());
  }

  checkpoint(topicId: string): Promise<string | undefined> {
    return this.#pass(() => this.#store.checkpoint(topicId));
  }

  frontier(topicId: string, size: number): Promise<Frontier> {
    return this.#pass(() => this.#store.frontier(topicId, size));
  }

  proveInclusion(topicId: string, seq: number, size: number): Promise<Hash[]> {
    return this.#pass(() => this.#store.proveInclusion(topicId, seq, size));
  }

  proveConsistency(topicId: string, first: number, second: number): Promise<Hash[]> {
    return this.#pass(() => this.#store.proveConsistency(topicId, first, second));
  }

  erase(topicId: string, seq: number, key: EntryKey, build: Build): Promise<Appended> {
    return this.#pass((isOpen) => this.#store.erase(topicId, seq, key, whileOpen(build, isOpen)));
  }

  read(topicId: string, page: ReadPage): Promise<StoredEntry[]> {
    return this.#pass(() => this.#store.read(topicId, page));
  }

  search(topicId: string, query: SearchQuery): Promise<FoundEntries> {
    return this.#pass(() => this.#store.search(topicId, query));
  }

  probe(): Promise<void> {
    return this.#pass(() => this.#store.probe());
  }

  /** @param call Gets to know whether the gate is still open that it has entered by. */
  #pass<T>(call: (isOpen: () => boolean) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#outage !== undefined) return reject(unavailable());
      this.#calls.add(reject);
      const called = new Promise<T>((settle) => settle(call(() => this.#calls.has(reject))));
      called.then(
        (result) => {
          if (this.#calls.delete(reject)) resolve(result);
        },
        (thrown: unknown) => {
          if (!this.#calls.delete(reject)) return;
          const outage = asOutage(thrown);
          reject(outage === undefined ? thrown : unavailable(outage));
          if (outage !== undefined) this.#shut(outage);
        },
      );
    });
  }

  #shut(outage: RedRoomError): void {
    if (!this.#opened || this.#outage !== undefined || this.#closed) return;
    this.#outage = outage;
    const steady = this.#clock.monotonic() - this.#recoveredAt >= STEADY_MS;
    this.#setbacks = steady ? 0 : this.#setbacks + 1;
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const reject of calls) reject(unavailable());
    this.#log.failed(outage);
    this.#onChange(outage);
    this.#retry();
  }

  #retry(): void {
    const delayMs = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#setbacks);
    this.#run(() => this.#recover(), delayMs);
  }

  async #recover(): Promise<void> {
    try {
      await this.#store.close();
      await this.#store.open();
      await this.#store.probe();
      await this.#recognise();
    } catch (thrown) {
      this.#setbacks += 1;
      if (this.#closed) return;
      this.#note(asOutage(thrown));
      this.#retry();
      return;
    }
    if (this.#closed) return;
    this.#outage = undefined;
    this.#recoveredAt = this.#clock.monotonic();
    this.#log.worked();
    this.#watch();
    this.#onChange(undefined);
  }

  /** The store still fails, and perhaps for another reason. */
  #note(outage: RedRoomError | undefined): void {
    if (outage === undefined || outage.message === this.#outage?.message) return;
    this.#outage = outage;
    this.#log.failed(outage);
    this.#onChange(outage);
  }

  /** Topics are never removed, and the key stays while the server runs. */
  async #recognise(): Promise<void> {
    const id = this.#knownTopic;
    const there = id === undefined || (await this.#store.findTopic({ id })) !== undefined;
    if (!there || toBase64Url(await this.#store.logKey()) !== this.#logKey) throw otherRecord();
  }

  #watch(): void {
    this.#run(async () => {
      const deadline = this.#setDeadline();
      await this.probe().catch(() => {}); // has closed the gate, where it had to
      deadline.cancel();
      if (this.#outage === undefined && !this.#closed) this.#watch();
    }, PROBE_MS);
  }

  #setDeadline(): Timer {
    const dueAt = this.#clock.monotonic() + PROBE_TIMEOUT_MS;
    let timer = this.#clock.setTimer(() => {
      // Where it was the whole process that stood still, the answer may be waiting to be read.
      const late = this.#clock.monotonic() - dueAt > PROBE_MS;
      if (late) timer = this.#setDeadline();
      else this.#shut(silent());
    }, PROBE_TIMEOUT_MS);
    return { cancel: () => timer.cancel() };
  }

  /** One timer, and one piece of work at a time. */
  #run(work: () => Promise<void>, delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => {
      this.#working = this.#working.then(work);
    }, delayMs);
  }
}

/** What was still waiting in the store's queue when the gate closed is not stored any more, so that order holds. */
function whileOpen(build: Build, isOpen: () => boolean): Build {
  return (head) => {
    if (!isOpen()) throw unavailable();
    try {
      return build(head);
    } catch (thrown) {
      // An application's policy that throws is no fault of the store.
      throw toRedRoomError(thrown, "INTERNAL", "decide on an entry");
    }
  };
}

/** With these codes a store says that it cannot be used; what other codes say concerns one call only. */
const OUTAGES: ReadonlySet<string> = new Set([
  "STORE_UNAVAILABLE",
  "STORE_CLOSED",
  "STORE_FOREIGN",
  "STORE_TOO_NEW",
  "RECORD_DAMAGED",
] satisfies RedRoomErrorCode[]);

function asOutage(thrown: unknown): RedRoomError | undefined {
  if (thrown instanceof RedRoomError) return OUTAGES.has(thrown.code) ? thrown : undefined;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new RedRoomError("STORE_UNAVAILABLE", `unable to use the store; ${reason}`, {
    cause: thrown,
    retryable: true,
  });
}

const unavailable = (cause?: RedRoomError): RedRoomError =>
  new RedRoomError("STORE_UNAVAILABLE", "unable to use the store now; it has failed, and is being opened anew", {
    cause,
    retryable: true,
  });

const silent = (): RedRoomError =>
  new RedRoomError("STORE_UNAVAILABLE", `unable to use the store; no answer for ${PROBE_TIMEOUT_MS} ms`, {
    retryable: true,
  });

const otherRecord = (): RedRoomError =>
  new RedRoomError("STORE_FOREIGN", "unable to go on with the store; it came back with another record or key", {
    remedy: "put the database and its key back, or restart the server to serve what is there now",
  });
