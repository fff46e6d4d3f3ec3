import { type Conversation, type Line, lineKey } from "./conversation.ts";
import type { Heard, Report } from "./report.ts";

export interface Latencies {
  /** From a person's sending to the ack of the record. */
  readonly ackMs: readonly number[];
  /** From a person's sending to the other person. */
  readonly deliveredMs: readonly number[];
}

/** Follows the conversation by what its participants report. */
export class Stage {
  readonly #lines: readonly Line[];
  readonly #reports: ReadonlyMap<string, Report[]>;
  readonly #onLine: (heard: Heard) => void;
  readonly #places: ReadonlyMap<string, number>;
  readonly #heard: readonly Map<string, Heard>[];
  #waiting: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];
  #shown = 0;

  /** @param onLine Called once a line, in the order of the conversation, when anybody has heard it. */
  constructor({ people, bot, lines }: Conversation, onLine: (heard: Heard) => void) {
    this.#lines = lines;
    this.#onLine = onLine;
    this.#reports = new Map([...people, bot].map((name) => [name, []]));
    this.#places = new Map(lines.map((line, place) => [lineKey(line), place]));
    this.#heard = lines.map(() => new Map());
  }

  report(who: string, report: Report): void {
    this.#reports.get(who)?.push(report);
    if (report.event === "read") this.#heard[this.#places.get(lineKey(report)) ?? -1]?.set(who, report);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#shown += 1;
      this.#onLine(next);
    }
    const due = this.#waiting.filter(({ condition }) => condition());
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    for (const { resolve } of due) resolve();
  }

  joined(who: string): Promise<void> {
    return this.#until(() => this.#reports.get(who)?.some(({ event }) => event === "joined") === true);
  }

  /** Everybody has heard every line. */
  over(): Promise<void> {
    return this.#until(() => this.#heard.every((heard) => heard.size === this.#reports.size));
  }

  /** Who keeps the conversation from going on, and with what. */
  missing(): string {
    const place = this.#heard.findIndex((heard) => heard.size < this.#reports.size);
    const [line, heard] = [this.#lines[place], this.#heard[place]];
    if (line === undefined || heard === undefined) return "nothing is missing";
    const what = `line ${place + 1}, "${line.text.slice(0, 60)}"`;
    if (heard.size === 0) return `${line.by} has not said ${what}`;
    return `${[...this.#reports.keys()].filter((who) => !heard.has(who)).join(" and ")} did not receive ${what}`;
  }

  /** By participant, in the order in which they received it. */
  received(): Map<string, Heard[]> {
    return new Map([...this.#reports].map(([who, reports]) => [who, reports.filter(isRead)]));
  }

  latencies(): Latencies {
    const all = [...this.#reports.values()].flat();
    const sent = new Map(all.flatMap((one) => (one.event === "sending" ? [[one.line, one.clock] as const] : [])));
    const since = (place: number | undefined, clock: number | undefined): number[] => {
      const start = place === undefined ? undefined : sent.get(place);
      return start === undefined || clock === undefined ? [] : [clock - start];
    };
    return {
      ackMs: all.flatMap((one) => (one.event === "stored" ? since(one.line, one.clock) : [])),
      deliveredMs: [...this.#reports].flatMap(([who, reports]) =>
        reports
          .filter(isRead)
          .filter(({ author }) => author !== who)
          .flatMap((read) => since(this.#places.get(lineKey(read)), read.clock)),
      ),
    };
  }

  #next(): Heard | undefined {
    return this.#heard[this.#shown]?.values().next().value;
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (condition()) resolve();
      else this.#waiting.push({ condition, resolve });
    });
  }
}

type Read = Extract<Report, { event: "read" }>;

function isRead(report: Report): report is Read {
  return report.event === "read";
}
