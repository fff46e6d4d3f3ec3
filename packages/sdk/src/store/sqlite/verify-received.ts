import type Database from "better-sqlite3";
import type { Delivery } from "../../evidence/delivery.ts";
import { addRange, type Range } from "../../evidence/ranges.ts";
import { formatRanges } from "./ranges-column.ts";

interface ReceivedRow {
  readonly pseudonym: string;
  readonly ranges: unknown;
  readonly delivery: unknown;
}

/** Who has received what of one topic, computed from its deliveries, against the table that says so. */
export class ReceivedVerifier {
  readonly #rows;
  readonly #received = new Map<string, { readonly ranges: readonly Range[]; readonly seq: number }>();

  constructor(database: Database.Database, topic: number) {
    const rows = database.prepare(
      "SELECT pseudonym, ranges, delivery FROM received WHERE topic = ? ORDER BY pseudonym",
    );
    this.#rows = rows.all(topic) as ReceivedRow[];
  }

  /** In the order of the log. */
  add(seq: number, { to, first, last }: Delivery): void {
    for (const one of to) {
      const ranges = addRange(this.#received.get(one)?.ranges ?? [], { first, last });
      this.#received.set(one, { ranges, seq });
    }
  }

  /** @returns What does not hold, as a sentence. */
  end(): string | undefined {
    const missing = new Set(this.#received.keys());
    for (const { pseudonym, ranges, delivery } of this.#rows) {
      const known = this.#received.get(pseudonym);
      missing.delete(pseudonym);
      if (known !== undefined && formatRanges(known.ranges) === ranges && known.seq === delivery) continue;
      return `what ${pseudonym} has received is not what the deliveries say`;
    }
    const [first] = missing;
    return first === undefined ? undefined : `what ${first} has received is missing`;
  }
}
