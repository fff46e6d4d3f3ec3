import { RedRoomError } from "@redroom/sdk";

// A reader that goes away, as in `redroom-server user list | head -1`, is no reason to crash.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

/** Resolves once the line is handed over; `false` when nobody takes it any more. */
export function print(line: string): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.write(`${line}\n`, (error) => resolve(error === undefined || error === null));
  });
}

export const printJson = (value: object): Promise<boolean> => print(JSON.stringify(value));

/** For what is kept nowhere else. @throws {RedRoomError} `ABORTED` when nobody takes it. */
export async function printSecret(line: string, remedy: string): Promise<void> {
  if (await print(line)) return;
  throw new RedRoomError("ABORTED", "unable to show the password; standard output is closed", { remedy });
}

/** One line, whatever was thrown. */
export function printError(error: unknown): void {
  const sentence =
    error instanceof RedRoomError
      ? [error.message, error.remedy]
      : [`unable to go on; ${error instanceof Error ? error.message : String(error)}`, "please report it as a bug"];
  process.stderr.write(`redroom-server: ${sentence.filter(Boolean).join("; ").replace(/\s+/g, " ")}\n`);
}
