import type { Person, Presence } from "@redroom/sdk";
import { printable } from "../terminal/printable.ts";
import type { Texts } from "../texts/texts.ts";

/** A line whenever somebody comes, is lost or leaves; none for what was so before we came. */
export class PresenceLines {
  readonly #self: () => string | undefined;
  readonly #texts: Texts;
  readonly #last = new Map<string, Presence["state"]>();
  /** The server has told who is there: our own presence is behind that of those who were there before us. */
  #settled = false;

  /** @param self Our pseudonym, known once the topic is open. */
  constructor(self: () => string | undefined, texts: Texts) {
    this.#self = self;
    this.#texts = texts;
  }

  get settled(): boolean {
    return this.#settled;
  }

  changed(member: Person, { state }: Presence): string | undefined {
    const self = this.#self();
    const before = this.#last.get(member.id) ?? "offline";
    this.#last.set(member.id, state);
    if (member.id === self) this.#settled = true;
    if (member.id === self || !this.#settled || before === state) return undefined;
    // Who was away for long is offline: nothing has happened that others could see.
    if (before === "away" && state === "offline") return undefined;
    const what = state === "online" && before === "away" ? "back" : state;
    return this.#texts(`presence.${what}`, { name: printable(member.name) });
  }
}
