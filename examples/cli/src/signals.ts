export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";

const SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

let terminalGone = false;

/** Calls `leave` at the first signal instead of dying. The second one kills. */
export function onSignal(leave: (signal: Signal) => void): Disposable {
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, onFirst);
  };
  const onFirst = (signal: NodeJS.Signals): void => {
    stop();
    terminalGone ||= signal === "SIGHUP";
    leave(signal as Signal);
  };
  for (const signal of SIGNALS) process.on(signal, onFirst);
  return { [Symbol.dispose]: stop };
}

/** Ends the process; after SIGHUP by that signal, for Node aborts, with a core dump, where it cannot restore a terminal. */
export function exitProcess(code: number): void {
  if (terminalGone) process.kill(process.pid, "SIGHUP");
  else process.exit(code);
}
