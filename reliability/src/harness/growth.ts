import { median } from "./statistics.ts";

/** A value at a time, in the order of time. */
export interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly value: number;
}

export interface Growth {
  /** The level at the beginning and at the end, caches being warm: medians, so that a single peak says nothing. */
  readonly from: number;
  readonly to: number;
  /** What the trend adds over the whole time: the median of the slopes between all pairs (Theil–Sen). */
  readonly trend: number;
}

const WARM_UP = 0.4;
const MAX_SAMPLES = 400;

/** Leaves out the beginning, when caches fill. @throws {Error} When there are too few samples to say anything. */
export function measureGrowth(samples: readonly Sample[]): Growth {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  if (warm.length < 8) throw new Error(`${samples.length} samples say nothing about growth`);
  const step = Math.ceil(warm.length / MAX_SAMPLES);
  const chosen = warm.filter((_, i) => i % step === 0);
  const slopes = chosen.flatMap((a, i) => chosen.slice(i + 1).map((b) => (b.value - a.value) / (b.at - a.at)));
  const first = chosen[0] as Sample;
  const last = chosen.at(-1) as Sample;
  const quarter = Math.floor(chosen.length / 4);
  const level = (part: readonly Sample[]): number => median(part.map(({ value }) => value));
  return {
    from: level(chosen.slice(0, quarter)),
    to: level(chosen.slice(-quarter)),
    trend: median(slopes) * (last.at - first.at),
  };
}

/** Only where both say so: a trend without a higher level is noise, and a level that has jumped once is a cache. */
export function grows({ from, to, trend }: Growth, allowed: number): boolean {
  return to - from > allowed && trend > allowed;
}
