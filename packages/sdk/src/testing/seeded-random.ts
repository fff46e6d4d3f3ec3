import { RedRoomError } from "../base/errors.ts";

/** Random numbers that a seed decides: the same seed, the same numbers, on every machine. */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @throws {RedRoomError} `OPTIONS_INVALID` unless the seed is a whole number that a double holds exactly. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RedRoomError("OPTIONS_INVALID", `unable to draw from the seed ${seed}; it is not a whole number`);
    }
    this.#a = 0x9e37_79b9;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    // Neighbouring seeds have begun to differ everywhere by then.
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** From 0 up to, but not, 1. (sfc32, as in PractRand.) */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** `true` in so many cases of one. */
  chance(rate: number): boolean {
    return this.next() < rate;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.between(0, from.length - 1)] as T;
  }

  /** Numbers of their own, which later draws here do not change. */
  fork(): SeededRandom {
    return new SeededRandom(Math.floor(this.next() * 2 ** 32) + 2 ** 32 * this.between(0, 2 ** 20));
  }
}
