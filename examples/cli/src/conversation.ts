import type { Person, SealedMessage, Sending, Stored, TopicMessage } from "@redroom/sdk";
import { explain } from "./failure.ts";
import { clockTime, type Headed, headingOf } from "./message-heading.ts";
import { cut } from "./terminal/layout.ts";
import { printable, visible } from "./terminal/printable.ts";
import { bold, dim } from "./terminal/terminal.ts";
import type { Texts } from "./texts/texts.ts";

/** What a conversation is shown on. */
export interface ConversationView {
  /** Adds a line for good. */
  print(line: string): void;
  /** `own` has changed. */
  update(): void;
}

/** So many messages on their way are shown one by one: the last ones. */
const SHOWN_UNSTORED = 5;

const MORE_THAN_A_ROW = 1000;

/** What a line shows of a message. */
type Shown = Headed & Pick<TopicMessage, "seq" | "at" | "revealedBy">;

/**
 * What a person sees of a topic: messages in the order of the record, and those of their own that are not in it yet.
 *
 * A message of one's own is shown as unsent, then sent, then stored, and becomes a line of the record, with number and
 * tick, in its place between those of the others. Whom the newest of them has reached is shown below.
 */
export class Conversation {
  readonly #me: () => Person;
  readonly #view: ConversationView;
  readonly #texts: Texts;
  readonly #unstored = new Map<string, { readonly sending: Sending; stored?: Stored }>();
  #day: string | undefined;
  /** The newest message of one's own that the record has. */
  #newest: { readonly seq: number; readonly sending: Sending } | undefined;
  #failed = 0;

  /** @param me Who we are now: we may get another name, and others may have the same one. */
  constructor(me: () => Person, view: ConversationView, texts: Texts) {
    this.#me = me;
    this.#view = view;
    this.#texts = texts;
  }

  arrived(message: TopicMessage): void {
    const own = message.by === this.#me().id;
    const sent = own ? this.#unstored.get(message.id) : undefined;
    if (sent !== undefined) {
      this.#unstored.delete(message.id);
      this.#newest = { seq: message.seq, sending: sent.sending };
    }
    this.#print(message, own);
  }

  /** An answer has come that may not be read yet, and can no longer be changed. */
  sealed({ seq, at, author, re, commitment, kind }: SealedMessage): void {
    const heading = headingOf({ author, kind, re, text: "" }, this.#texts);
    this.#printDay(at);
    this.#view.print(`  ${bold(`#${seq} ${clockTime(at, this.#texts)} ${heading}:`)} ${this.#texts("sealed.answer")}`);
    this.#view.print(`    ${dim(`│ ${this.#texts("sealed.commitment", { commitment: printable(commitment) })}`)}`);
  }

  /** An entry has a text that cannot be read. */
  withheld(seq: number): void {
    this.#view.print(dim(`  ${this.#texts("message.gone", { seq })}`));
  }

  changed(sending: Sending): void {
    const { id, state } = sending;
    if (!this.#unstored.has(id) && state === "queued") this.#follow(sending);
    this.#view.update();
  }

  /** The rows for one's own messages: who has the newest one of the record, and what is on its way there. */
  own(columns: number): string[] {
    return [...this.#delivery(columns), ...this.#onTheirWay(columns)];
  }

  #delivery(columns: number): string[] {
    if (this.#newest === undefined) return [];
    const { seq, sending } = this.#newest;
    const names = [...sending.receivedBy].map(printable).join(", ");
    const how = sending.state === "delivered" ? "all" : names === "" ? "stored" : "partly";
    return [dim(cut(`  ${this.#texts(`delivery.${how}`, { seq, names })}`, columns))];
  }

  #onTheirWay(columns: number): string[] {
    const all = [...this.#unstored.values()];
    const rows = all.slice(-SHOWN_UNSTORED).map(({ sending: { state, text } }) => {
      return dim(cut(`  [${this.#texts(`state.${state}`)}] ${visible(text.slice(0, MORE_THAN_A_ROW))}`, columns));
    });
    const count = all.length - rows.length;
    return count > 0 ? [dim(cut(`  ${this.#texts("chat.earlier", { count })}`, columns)), ...rows] : rows;
  }

  /** How many messages are not known to be stored. */
  get failed(): number {
    return this.#failed;
  }

  /** Nothing arrives any more: what was acknowledged becomes a line with what the acknowledgement says. */
  end(): void {
    for (const { sending, stored } of this.#unstored.values()) {
      const { kind, text, re, to } = sending;
      const said = { kind, text, re, author: this.#me().name, ...(to !== undefined && { to }) };
      if (stored !== undefined) this.#print({ ...stored, ...said }, true);
    }
    this.#unstored.clear();
  }

  #follow(sending: Sending): void {
    const entry: { readonly sending: Sending; stored?: Stored } = { sending };
    this.#unstored.set(sending.id, entry);
    sending.then(
      (stored) => {
        entry.stored = stored;
      },
      (error) => {
        this.#unstored.delete(sending.id);
        this.#failed += 1;
        const reason = explain(error, this.#texts).sentence;
        this.#view.print(printable(`✗ [${this.#texts("state.failed")}] ${sending.text}`));
        this.#view.print(printable(`  ${reason}`));
      },
    );
  }

  #print({ seq, at, revealedBy, ...headed }: Shown, own: boolean): void {
    // What is revealed stands behind what is newer.
    if (revealedBy === undefined) this.#printDay(at);
    const heading = `#${seq} ${clockTime(at, this.#texts)} ${headingOf(headed, this.#texts)}`;
    const [first = "", ...others] = headed.text.split(/\r?\n/).map(printable);
    this.#view.print(`${own ? "✓" : " "} ${first === "" ? bold(heading) : `${bold(`${heading}:`)} ${first}`}`);
    // Set back, so that a message with several lines cannot pass for several messages.
    for (const line of others) this.#view.print(`    ${dim("│")} ${line}`);
  }

  #printDay(at: Date): void {
    const day = at.toLocaleDateString(this.#texts.language, { dateStyle: "full" });
    if (day !== this.#day) this.#view.print(dim(`— ${day} —`));
    this.#day = day;
  }
}
