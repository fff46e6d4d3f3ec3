import type { JsonObject } from "../base/canonical-json.ts";
import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import { type Delivery, deliveryText } from "../evidence/delivery.ts";
import type { Content, LeafFields } from "../evidence/leaf.ts";
import type { Range } from "../evidence/ranges.ts";
import { type Circumstances, decide, decideMembership, type Target, type Wish } from "../rules/decide.ts";
import type { Draft } from "../rules/topic-state.ts";
import type { SessionUser } from "../session/session-user.ts";
import type {
  Appended,
  Build,
  EntryDraft,
  EntryKey,
  Person,
  StoredEntry,
  TopicHead,
  TopicRecord,
  TopicStore,
} from "../store/topic-store.ts";
import type { Access } from "./access.ts";
import { committed, placeOf, refuseOther } from "./log-entries.ts";
import type { MetadataRules } from "./metadata-rules.ts";
import type { TopicHooks } from "./topic-hooks.ts";
import { type Pseudonyms, SERVER } from "./topic-people.ts";

/** A message that somebody wants in the log. */
export interface Submission extends Wish, Pick<Content, "text" | "metadata"> {
  readonly id: string;
}

/** Messages of one author that are to be stored in their order, or not at all. */
export interface Series {
  /** Why one of them was not stored that may come again. */
  lost: RedRoomError | undefined;
}

/** What stands in the log now, or did before. */
export interface Published {
  readonly seq: number;
  readonly at: number;
  readonly duplicate: boolean;
}

export interface TopicWriterContext {
  readonly store: TopicStore;
  readonly clock: Clock;
  readonly access: Access;
  readonly maxOpenQuestions: number;
  readonly metadata: MetadataRules;
}

/** Writes into the log of one topic: what the rules make of what people want, and what the server has to say. */
export class TopicWriter {
  readonly #topicId: string;
  readonly #regulated: boolean;
  readonly #metadata: MetadataRules;
  readonly #hooks: TopicHooks | undefined;
  readonly #context: TopicWriterContext;
  readonly #people: Pseudonyms;
  readonly #onAppended: (appended: Appended) => void;
  /** By author: ends when the next message may be taken. */
  readonly #turns = new Map<string, Promise<void>>();
  /** By author and id: what is being stored after an application was asked. */
  readonly #appending = new Map<string, Promise<Appended>>();

  /**
   * @param onAppended Called with what is durable now, before anybody is answered.
   * @param hooks What applications say to messages, where any says something.
   */
  constructor(
    { id, regulated }: Pick<TopicRecord, "id" | "regulated">,
    context: TopicWriterContext,
    people: Pseudonyms,
    onAppended: (appended: Appended) => void,
    hooks?: TopicHooks,
  ) {
    this.#topicId = id;
    this.#regulated = regulated;
    this.#metadata = context.metadata;
    this.#hooks = hooks;
    this.#context = context;
    this.#people = people;
    this.#onAppended = onAppended;
  }

  /**
   * Resolves once the message is durable; only then does anybody see it.
   *
   * @param by The author's pseudonym.
   * @param series What it came with.
   * @throws {RedRoomError} What `decide` and the hooks throw, `METADATA_INVALID`, `ID_REUSED`, `STORE_UNAVAILABLE`.
   */
  async publish(author: SessionUser, by: string, submission: Submission, series: Series): Promise<Published> {
    const { id, kind, re, text, metadata } = submission;
    const key = { author: by, id };
    const circumstances = await this.#circumstances(author, by);
    const buildWith = (annotations?: JsonObject): BuildUpon => {
      const seal = committed(text, { metadata, annotations });
      return (head, target) => this.#entries(decide(submission, by, target, circumstances(head)), id, head, seal);
    };
    const appended = await this.#inTurn(by, series, (release) => {
      if (this.#metadata.decidesOn(kind, metadata) || this.#hooks !== undefined) {
        return this.#appendAsked(author, submission, key, buildWith, release);
      }
      const build = buildWith();
      if (re !== undefined) return this.#decideAndAppend(key, re, build);
      const appending = this.#append(key, (head) => build(head, undefined));
      release();
      return appending;
    }).catch((thrown: unknown) => this.#storedBefore(key, thrown));
    const [entry] = appended.entries;
    if (entry === undefined) throw new RedRoomError("INTERNAL", "unable to publish; the store returned no entry");
    if (appended.duplicate) refuseOther(entry, submission);
    return { ...placeOf(entry), duplicate: appended.duplicate };
  }

  /**
   * Gives somebody roles; none: they are no member any more. Resolves once it is durable.
   *
   * @throws {RedRoomError} `STORE_UNAVAILABLE`.
   */
  async setRoles(by: Person, member: Person, roles: readonly string[]): Promise<void> {
    const [author, concerned] = [await this.#people.pseudonymOf(by), await this.#people.pseudonymOf(member)];
    const id = randomId();
    const circumstances = await this.#circumstances(undefined, author);
    await this.#append({ author, id }, (head) => {
      return this.#entries(decideMembership(concerned, roles, author, circumstances(head)), id, head);
    });
  }

  /** One entry for each delivery, all in one commit. @returns Their numbers. */
  async record(deliveries: readonly Delivery[]): Promise<Range> {
    const by = await this.#people.pseudonymOf(SERVER);
    const drafts = deliveries.map(({ first, last, to }) => ({
      kind: "delivery" as const,
      by,
      re: last,
      to,
      text: deliveryText(first),
    }));
    const id = randomId();
    const { entries } = await this.#append({ author: by, id }, (head) => this.#entries(drafts, id, head));
    return { first: entries[0]?.seq ?? 0, last: entries.at(-1)?.seq ?? 0 };
  }

  /**
   * Asks the application first, about what is not stored yet and is allowed by the rules. Tells it afterwards.
   *
   * @param buildWith With what it has added.
   * @param release Called when the author's next message may be asked about.
   */
  async #appendAsked(
    author: SessionUser,
    submission: Submission,
    key: EntryKey,
    buildWith: (annotations?: JsonObject) => BuildUpon,
    release: () => void,
  ): Promise<Appended> {
    const { store } = this.#context;
    const { kind, re, metadata } = submission;
    // Sent again over another stream while it was being stored: whether it is, is known in a moment.
    await this.#appending.get(keyOf(key))?.catch(() => {});
    const stored = await store.findEntry(this.#topicId, key);
    if (stored !== undefined) return { entries: [stored], duplicate: true, checkpoint: "" };
    const head = await store.head(this.#topicId);
    buildWith()(head, re === undefined ? undefined : await this.#target(re));
    await this.#metadata.check(kind, metadata);
    const permit = await this.#hooks?.ask(author, key.author, submission);
    try {
      const build = buildWith(permit?.annotations);
      const appending =
        re === undefined
          ? this.#append(key, (now) => build(now, undefined), permit?.stored)
          : this.#decideAndAppend(key, re, build, permit?.stored);
      this.#appending.set(keyOf(key), appending);
      if (re === undefined) release();
      return await appending;
    } finally {
      this.#appending.delete(keyOf(key));
      permit?.end();
    }
  }

  /** @param user Who is logged in as `by`, where somebody is. */
  async #circumstances(user: SessionUser | undefined, by: string): Promise<(head: TopicHead) => Circumstances> {
    const { access, clock, maxOpenQuestions } = this.#context;
    // It reveals answers, and only a regulated conversation seals any.
    const server = this.#regulated ? await this.#people.pseudonymOf(SERVER) : "";
    return ({ seq, state }) => ({
      state,
      head: seq,
      now: clock.now(),
      maxOpenQuestions,
      server,
      capabilitiesOf: (one, at) => access.in(at, one, one === by && user?.admin === true).capabilities,
    });
  }

  /** Decides by the entry that is referred to, and again where that has changed meanwhile. */
  async #decideAndAppend(
    key: EntryKey,
    re: number,
    build: BuildUpon,
    onStored?: (entry: StoredEntry) => void,
  ): Promise<Appended> {
    for (;;) {
      const target = await this.#target(re);
      try {
        const decided: Build = (head) => {
          if (isStale(target, re, head)) throw new StaleTarget();
          return build(head, target);
        };
        return await this.#append(key, decided, onStored);
      } catch (thrown) {
        if (!(thrown instanceof StaleTarget)) throw thrown;
      }
    }
  }

  /**
   * Whoever sends again what was stored long ago gets the old answer, although the same wish would be refused by now: the
   * deadline is over, the role is another, or it is itself what fills the limit.
   */
  async #storedBefore(key: EntryKey, refusal: unknown): Promise<Appended> {
    const entry = isRefusal(refusal) ? await this.#context.store.findEntry(this.#topicId, key) : undefined;
    if (entry === undefined) throw refusal;
    return { entries: [entry], duplicate: true, checkpoint: "" };
  }

  /** @param onStored Called in the order of the topic, unless the entry was there before. */
  async #append(key: EntryKey, build: Build, onStored?: (entry: StoredEntry) => void): Promise<Appended> {
    const appended = await this.#context.store.append(this.#topicId, key, build);
    if (appended.duplicate) return appended;
    this.#onAppended(appended);
    const [entry] = appended.entries;
    if (entry !== undefined) onStored?.(entry);
    return appended;
  }

  async #target(seq: number): Promise<Target | undefined> {
    const { store } = this.#context;
    const [entry] = await store.read(this.#topicId, { from: seq, limit: 1 });
    if (entry?.seq !== seq) return undefined;
    const leaf = JSON.parse(entry.leaf) as LeafFields;
    if (leaf.kind !== "question") return { leaf, state: undefined };
    const [question] = await store.questions(this.#topicId, { after: seq - 1, limit: 1 });
    return { leaf, state: question?.state };
  }

  /** The entries of drafts; the first one has the id of the call. */
  #entries(
    drafts: readonly Draft[],
    id: string,
    head: TopicHead,
    seal = committed(drafts[0]?.text ?? ""),
  ): readonly EntryDraft[] {
    const at = this.#context.clock.now();
    return drafts.map(({ text, ...facts }, index) => {
      const write = index === 0 ? seal : committed(text);
      const seq = head.seq + 1 + index;
      return write({ ...facts, topic: this.#topicId, seq, id: index === 0 ? id : randomId(), at });
    });
  }

  /**
   * One after the other, so that an author's messages are stored in the order in which they came: `work` may take its time
   * before it appends. Behind one that may come again, nothing of its series is stored.
   *
   * @param work Calls `release` when the next one may begin.
   */
  async #inTurn<T>(author: string, series: Series, work: (release: () => void) => Promise<T>): Promise<T> {
    const before = this.#turns.get(author);
    let release = (): void => {};
    const turn = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#turns.set(author, turn);
    await before;
    try {
      if (series.lost !== undefined) throw series.lost;
      return await work(release);
    } catch (thrown) {
      if (thrown instanceof RedRoomError && thrown.retryable) series.lost ??= thrown;
      throw thrown;
    } finally {
      release();
      if (this.#turns.get(author) === turn) this.#turns.delete(author);
    }
  }
}

const keyOf = ({ author, id }: EntryKey): string => `${author} ${id}`;

type BuildUpon = (head: TopicHead, target: Target | undefined) => readonly EntryDraft[];

/** What was read of the entry that is referred to is no longer so. It is no fault of the store, and nobody hears of it. */
class StaleTarget extends RedRoomError {
  constructor() {
    super("INTERNAL", "unable to decide; what the message refers to has changed meanwhile");
  }
}

function isStale(target: Target | undefined, re: number, { seq, state }: TopicHead): boolean {
  if (target === undefined) return re <= seq;
  return target.state === "open" && !state.open.has(re);
}

function isRefusal(thrown: unknown): boolean {
  return thrown instanceof RedRoomError && !thrown.retryable;
}
