import { RedRoomError } from "../../src/base/errors.ts";
import {
  type Circumstances,
  type Draft,
  decide,
  decideMembership,
  emptyState,
  foldEntry,
  type LeafFacts,
  type Policy,
  type QuestionState,
  roomPolicy,
  type TopicState,
  type Wish,
} from "../../src/rules.ts";

/** A topic's log as a server keeps it, without the server: what is decided is appended, and folded into the state. */
export class TopicLog {
  readonly entries: (LeafFacts & { readonly text: string })[] = [];
  readonly questions = new Map<number, QuestionState>();
  state: TopicState;
  now = 1_000;
  maxOpenQuestions = 100;

  constructor(
    readonly regulated: boolean,
    members: Readonly<Record<string, readonly string[]>> = {},
    readonly policy: Policy = roomPolicy,
  ) {
    this.state = emptyState(regulated);
    for (const [member, roles] of Object.entries(members)) this.setRoles(member, roles);
  }

  capabilitiesOf(pseudonym: string, state = this.state) {
    const roles = state.members.get(pseudonym);
    return new Set(this.policy({ admin: false, member: roles !== undefined, roles: roles ?? [] }));
  }

  get circumstances(): Circumstances {
    return {
      state: this.state,
      head: this.entries.length,
      now: this.now,
      maxOpenQuestions: this.maxOpenQuestions,
      server: "server",
      capabilitiesOf: (pseudonym, state) => this.capabilitiesOf(pseudonym, state),
    };
  }

  /** @returns The seq of the entry; the reveals behind it are in `entries`. */
  say(by: string, wish: Omit<Wish, "text"> & { readonly text?: string }): number {
    const leaf = this.entries[(wish.re ?? 0) - 1];
    const target = leaf && { leaf, state: this.questions.get(leaf.seq) };
    return this.#append(decide({ text: "…", ...wish }, by, target, this.circumstances));
  }

  setRoles(member: string, roles: readonly string[]): number {
    return this.#append(decideMembership(member, roles, "operator", this.circumstances));
  }

  /** What a refusal says: its code. */
  refusal(by: string, wish: Omit<Wish, "text"> & { readonly text?: string }): string | undefined {
    return this.refused(by, wish)?.code;
  }

  refused(by: string, wish: Omit<Wish, "text"> & { readonly text?: string }): RedRoomError | undefined {
    const before = this.entries.length;
    try {
      this.say(by, wish);
    } catch (thrown) {
      if (thrown instanceof RedRoomError && this.entries.length === before) return thrown;
      throw thrown;
    }
    return undefined;
  }

  /** The seqs of the answers that were revealed from entry `from` on. */
  revealed(from = 1): (number | undefined)[] {
    return this.entries.slice(from - 1).flatMap(({ kind, re }) => (kind === "reveal" ? [re] : []));
  }

  #append(drafts: readonly Draft[]): number {
    const first = this.entries.length + 1;
    for (const draft of drafts) {
      const entry = { ...draft, seq: this.entries.length + 1 };
      const before = this.state;
      this.state = foldEntry(before, entry, draft.text);
      this.entries.push(entry);
      this.#note(entry, before);
    }
    return first;
  }

  /** What has become of the questions, as a store keeps it beside the state. */
  #note({ seq, kind, re = 0 }: LeafFacts, before: TopicState): void {
    if (kind === "question") this.questions.set(seq, "open");
    if (!before.open.has(re) || this.state.open.has(re)) return;
    if (kind === "answer") this.questions.set(re, "answered");
    if (kind === "withdrawal") this.questions.set(re, "withdrawn");
    if (kind === "closing") this.questions.set(re, "closed");
  }
}
