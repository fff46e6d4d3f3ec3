import type { RedRoomError } from "../../base/errors.ts";
import type { SealedMessage, TopicMessage } from "../../client/message.ts";
import { type Expected, fits } from "./expectation.ts";

export type Arrival =
  | { readonly type: "message"; readonly message: TopicMessage }
  | { readonly type: "sealed"; readonly message: SealedMessage };

/** What has come to somebody in a topic, in the order in which it came. What was expected once is not expected again. */
export class Inbox {
  readonly #reader: string;
  readonly #arrivals: Arrival[] = [];
  /** Up to here it was expected, or passed over. */
  #place = 0;
  /** Why nothing more will come. */
  failure: RedRoomError | undefined;

  constructor(reader: string) {
    this.#reader = reader;
  }

  put(arrival: Arrival): void {
    this.#arrivals.push(arrival);
  }

  /** What has come since the last one that was expected. */
  get rest(): readonly Arrival[] {
    return this.#arrivals.slice(this.#place);
  }

  /** Whether there is one that fits behind the last one that was expected. */
  has(type: Arrival["type"], expected: Expected): boolean {
    return this.#find(type, expected) >= 0;
  }

  /** The next one that fits; what came before it is passed over. */
  take(type: Arrival["type"], expected: Expected): Arrival["message"] | undefined {
    const index = this.#find(type, expected);
    if (index < 0) return undefined;
    this.#place = index + 1;
    return this.#arrivals[index]?.message;
  }

  #find(type: Arrival["type"], expected: Expected): number {
    return this.#arrivals.findIndex(
      (arrival, index) =>
        index >= this.#place && arrival.type === type && fits(arrival.message, expected, this.#reader),
    );
  }
}
