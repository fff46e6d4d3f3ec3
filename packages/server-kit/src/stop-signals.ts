/** How operators and service managers stop a process, and the exit code when it has to end at once. */
const EXIT_AT_ONCE = { SIGINT: 130, SIGTERM: 143, ...(process.platform === "win32" && { SIGBREAK: 149 }) };

export interface StopSignals extends Disposable {
  /** Resolves at the first one. A second one ends the process where it stands. */
  readonly signal: Promise<NodeJS.Signals>;
}

export function listenForStop(): StopSignals {
  let stopping = false;
  let resolveSignal: (signal: NodeJS.Signals) => void = () => {};
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    resolveSignal = resolve;
  });
  const onSignal = (name: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT_AT_ONCE[name as keyof typeof EXIT_AT_ONCE]);
    stopping = true;
    resolveSignal(name);
  };
  const names = Object.keys(EXIT_AT_ONCE) as NodeJS.Signals[];
  for (const name of names) process.on(name, onSignal);
  return {
    signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
