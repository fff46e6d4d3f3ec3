// Taken before a test can put its own in its place.
const { setImmediate: inNextTurn } = globalThis;

/** Calls back in the next turn of the event loop: promises run first. */
export const nextTurn = (callback: () => void): void => void inNextTurn(callback);

/** Resolves in the next turn of the event loop. */
export const turnOver = (): Promise<void> => new Promise(nextTurn);
