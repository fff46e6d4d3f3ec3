import type { Clock } from "../../base/clock.ts";
import { type LeafFields, parseLeaf } from "../../evidence/leaf.ts";
import type { Policy } from "../../rules/policy.ts";
import type { TopicState } from "../../rules/topic-state.ts";
import { visibilityOf } from "../../rules/visibility.ts";
import type { Appended, Person } from "../../store/topic-store.ts";
import type { StoreWatcher } from "./watched-store.ts";

interface RecordedEntry {
  readonly leaf: LeafFields;
  /** The text, and whatever else the content line has. */
  readonly content: { readonly text?: string };
}

interface RecordedTopic {
  readonly title: string;
  readonly names: Map<string, string>;
  state: TopicState | undefined;
}

/** What has happened in the room, in the order in which it did: what came on record, and what the test has broken. */
export class Transcript implements StoreWatcher {
  readonly #clock: Clock;
  readonly #policy: Policy;
  readonly #start: number;
  readonly #topics = new Map<string, RecordedTopic>();
  readonly #events: ({ readonly at: number } & ({ readonly entry: RecordedEntry } | { readonly note: string }))[] = [];
  underWay = 0;

  constructor(clock: Clock, policy: Policy) {
    this.#clock = clock;
    this.#policy = policy;
    this.#start = clock.now();
  }

  /** A topic of the room; those that are not told of are known by their id. */
  topic(id: string, title: string): void {
    this.#topics.set(id, { title, names: new Map(), state: undefined });
  }

  note(note: string): void {
    this.#events.push({ at: this.#clock.now(), note });
  }

  named(topicId: string, pseudonym: string, { name }: Person): void {
    this.#topic(topicId).names.set(pseudonym, name);
  }

  appended(topicId: string, { entries, duplicate, head }: Appended): void {
    if (duplicate) return;
    for (const { leaf: line, content } of entries) {
      const leaf = parseLeaf(line);
      if (leaf === undefined) continue;
      const entry = { leaf, content: JSON.parse(content ?? "{}") as RecordedEntry["content"] };
      this.#events.push({ at: leaf.at, entry });
    }
    if (head !== undefined) this.#topic(topicId).state = head.state;
  }

  /** A line for each event, in words. */
  toString(): string {
    const lines = this.#events.map((event) => {
      const time = `+${((event.at - this.#start) / 1_000).toFixed(3)} s`;
      return `${time.padStart(12)}  ${"note" in event ? `(${event.note})` : this.#lineOf(event.entry)}`;
    });
    return lines.join("\n");
  }

  #lineOf({ leaf, content }: RecordedEntry): string {
    const topic = this.#topic(leaf.topic);
    const { text = "", ...more } = content;
    const name = (pseudonym: string): string => topic.names.get(pseudonym) || pseudonym;
    const place = this.#topics.size > 1 ? `${topic.title} #${leaf.seq}` : `#${leaf.seq}`;
    const names = (leaf.to ?? []).map(name).join(", ");
    if (leaf.kind === "membership") return `${place} ${names} is ${text === "" ? "no member any more" : text}`;
    if (leaf.kind === "delivery") return `${place} received by ${names}: #${text} to #${leaf.re}`;
    const facts = [
      `${leaf.kind} of ${name(leaf.by)}`,
      names && `to ${names}`,
      leaf.re && `about #${leaf.re}`,
      leaf.priority,
      leaf.due && `due ${new Date(leaf.due).toISOString()}`,
    ];
    const extras = Object.keys(more).length > 0 ? ` ${JSON.stringify(more)}` : "";
    return `${place} ${facts.filter(Boolean).join(" ")}: ${JSON.stringify(text)}${extras}${seenBy(this.#readers(leaf, topic))}`;
  }

  /** Who sees it, as things stand now. */
  #readers(leaf: LeafFields, { names, state }: RecordedTopic): { name: string; sealed: boolean }[] {
    if (state === undefined) return [];
    return [...state.members].flatMap(([pseudonym, roles]) => {
      const capabilities = new Set(this.#policy({ admin: false, member: true, roles }));
      const seen = visibilityOf(leaf, { pseudonym, capabilities }, state);
      const name = names.get(pseudonym) ?? pseudonym;
      return seen === "hidden" ? [] : [{ name, sealed: seen === "sealed" }];
    });
  }

  #topic(id: string): RecordedTopic {
    const topic = this.#topics.get(id) ?? { title: id, names: new Map<string, string>(), state: undefined };
    this.#topics.set(id, topic);
    return topic;
  }
}

const seenBy = (readers: readonly { readonly name: string; readonly sealed: boolean }[]): string =>
  `  [${readers.map(({ name, sealed }) => (sealed ? `${name}: sealed` : name)).join(", ") || "nobody"}]`;
