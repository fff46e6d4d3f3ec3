import { RedRoomError } from "../../base/errors.ts";

/** What a network does to datagrams on one way. Rates are shares of the datagrams, from 0 to 1. */
export interface RelayConditions {
  readonly lossRate: number;
  readonly delayMs: number;
  /** Each datagram takes up to so much longer; they keep their order. */
  readonly jitterMs: number;
  /** So many are overtaken: they arrive 10 ms, or the jitter where that is more, behind their time. */
  readonly reorderRate: number;
  readonly duplicateRate: number;
  /** So many arrive with one bit turned over. */
  readonly corruptRate: number;
}

export const CLEAR: RelayConditions = {
  lossRate: 0,
  delayMs: 0,
  jitterMs: 0,
  reorderRate: 0,
  duplicateRate: 0,
  corruptRate: 0,
};

const OVERTAKEN_MS = 10;

/** What becomes of one datagram: how often, how late, and whether as it was. */
export interface Fate {
  /** For each copy that arrives, how much later than now; no copy: it is lost. */
  readonly delaysMs: readonly number[];
  readonly reordered: boolean;
  /** The bit that is turned over. */
  readonly corruptBit: number | undefined;
}

export function drawFate(conditions: RelayConditions, bits: number, random: () => number): Fate {
  // Always the same draws, so that one condition changed does not change what another does.
  const [lost, jitter, reordered, twice, corrupt, bit] = [random(), random(), random(), random(), random(), random()];
  const { delayMs, jitterMs } = conditions;
  const late = reordered < conditions.reorderRate;
  const delay = delayMs + jitter * jitterMs + (late ? Math.max(OVERTAKEN_MS, jitterMs) : 0);
  const copies = lost < conditions.lossRate ? 0 : twice < conditions.duplicateRate ? 2 : 1;
  return {
    delaysMs: Array.from({ length: copies }, () => delay),
    reordered: late && copies > 0,
    corruptBit: corrupt < conditions.corruptRate ? Math.floor(bit * bits) : undefined,
  };
}

/** @throws {RedRoomError} `OPTIONS_INVALID`, naming the condition. */
export function checkConditions(conditions: RelayConditions): RelayConditions {
  for (const [name, value] of Object.entries(conditions)) {
    if (!(name in CLEAR)) throw new RedRoomError("OPTIONS_INVALID", `unable to relay; there is no condition ${name}`);
    const highest = name.endsWith("Rate") ? 1 : 3_600_000;
    if (typeof value === "number" && value >= 0 && value <= highest) continue;
    throw new RedRoomError("OPTIONS_INVALID", `unable to relay with ${name} ${value}; it is from 0 to ${highest}`);
  }
  return conditions;
}
