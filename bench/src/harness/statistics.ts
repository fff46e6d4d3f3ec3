/** @returns The value that a share `q` of all values does not exceed (nearest rank): exact, nothing is bucketed. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error("unable to take a quantile; nothing was measured");
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
