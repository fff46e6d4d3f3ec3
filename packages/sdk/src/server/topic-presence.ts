import type { Clock, Timer } from "../base/clock.ts";

/** `away`: the connection is lost and may come back. */
export type PresenceState = "online" | "away" | "offline";

export interface PresenceOptions {
  /** A connection that comes back sooner was never away. */
  readonly graceMs: number;
  /** Who is away for so long is offline. */
  readonly awayMs: number;
}

const DEFAULT_PRESENCE: PresenceOptions = { graceMs: 5_000, awayMs: 60_000 };

interface Presence {
  /** Streams that read the topic. */
  streams: number;
  state: PresenceState;
  /** When this state began. */
  since: number;
  timer: Timer | undefined;
}

/** Who of a topic's people is there: one who reads it, on however many streams. */
export class TopicPresence {
  readonly #clock: Clock;
  readonly #options: PresenceOptions;
  readonly #people = new Map<string, Presence>();
  /** Called for each change. */
  onChange: (pseudonym: string) => void = () => {};

  constructor(clock: Clock, options: PresenceOptions = DEFAULT_PRESENCE) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Everybody of whom something is known. */
  get people(): Iterable<string> {
    return this.#people.keys();
  }

  /** @returns `since`: milliseconds since the Unix epoch. */
  of(pseudonym: string): { readonly state: PresenceState; readonly since: number } | undefined {
    const presence = this.#people.get(pseudonym);
    return presence && { state: presence.state, since: presence.since };
  }

  enter(pseudonym: string): void {
    const presence = this.#people.get(pseudonym) ?? { streams: 0, state: "offline", since: 0, timer: undefined };
    this.#people.set(pseudonym, presence);
    presence.streams += 1;
    presence.timer?.cancel();
    if (presence.state !== "online") this.#become(pseudonym, presence, "online", this.#clock.now());
  }

  /** @param left Whether they have gone in good order, instead of losing the connection. */
  leave(pseudonym: string, left: boolean): void {
    const presence = this.#people.get(pseudonym);
    if (presence === undefined) return;
    presence.streams -= 1;
    if (presence.streams > 0) return;
    const lost = this.#clock.now();
    if (left) this.#become(pseudonym, presence, "offline", lost);
    else this.#miss(pseudonym, presence, lost);
  }

  #miss(pseudonym: string, presence: Presence, lost: number): void {
    const { graceMs, awayMs } = this.#options;
    presence.timer = this.#clock.setTimer(() => {
      this.#become(pseudonym, presence, "away", lost);
      presence.timer = this.#clock.setTimer(() => this.#become(pseudonym, presence, "offline", lost), awayMs);
    }, graceMs);
  }

  close(): void {
    for (const { timer } of this.#people.values()) timer?.cancel();
  }

  #become(pseudonym: string, presence: Presence, state: PresenceState, since: number): void {
    presence.state = state;
    presence.since = since;
    this.onChange(pseudonym);
  }
}
