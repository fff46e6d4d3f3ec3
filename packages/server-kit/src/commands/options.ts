import { InvalidArgumentError, Option } from "commander";

/** Options that several commands share, so that they read the same everywhere. */
export const dataOption = (): Option => new Option("--data <dir>", "the data folder").makeOptionMandatory();

export const jsonOption = (): Option => new Option("--json", "print JSON, one value a line, for scripts");

export const hostOption = (): Option =>
  new Option("--host <host>", "the IP address to listen on; 0.0.0.0 or :: for all (config.json, first 127.0.0.1)");

/** @param lowest 0 where any free port will do. */
export const portOption = (lowest: 0 | 1): Option =>
  new Option("--port <port>", "the UDP port to listen on (config.json, first 4433)").argParser(
    wholeNumber(lowest, 65_535),
  );

export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
  };
}

export interface DataOptions {
  readonly data: string;
  readonly json?: boolean;
}

export interface ListenFlags {
  readonly host?: string;
  readonly port?: number;
}

/** The flags that were given, for `config.json`. Port 0 means any, which is nothing to remember. */
export const configOf = ({ host, port }: ListenFlags): ListenFlags => ({
  ...(host !== undefined && { host }),
  ...(port !== undefined && port !== 0 && { port }),
});
