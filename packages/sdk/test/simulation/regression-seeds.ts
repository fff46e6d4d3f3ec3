/** Seeds that have once found something, with what it was: they are played with every run of the tests. */
export const REGRESSION_SEEDS: ReadonlyMap<number, string> = new Map([]);
