export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";

const SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Calls `leave` at the first signal instead of dying. The second one kills. */
export function onSignal(leave: (signal: Signal) => void): Disposable {
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, onFirst);
  };
  const onFirst = (signal: NodeJS.Signals): void => {
    stop();
    leave(signal as Signal);
  };
  for (const signal of SIGNALS) process.on(signal, onFirst);
  return { [Symbol.dispose]: stop };
}
