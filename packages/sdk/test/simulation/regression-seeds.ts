/** Seeds that have once found something, with what it was: they are played with every run of the tests. */
export const REGRESSION_SEEDS: ReadonlyMap<number, string> = new Map([
  [2113, "a receipt that was written behind the end of its stream, which threw in a timer"],
  [10, "a question that was stored, sent again behind its deadline or a change of roles, and refused"],
  [500265, "a receipt that was under way when its stream failed, and ended the client as a breach of the protocol"],
]);
