import { RedRoomError } from "@redroom/sdk";
import { EXIT_CODES, type ExitCode, exitCodeOf } from "./exit-codes.ts";
import type { TextKey, Texts, TextValues } from "./texts/texts.ts";

/** A reason to stop that the command finds itself, said in the language of the person. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";

  constructor(
    readonly exitCode: ExitCode,
    readonly key: TextKey,
    readonly values: TextValues = {},
  ) {
    super(key);
  }
}

/** Why not all lines were stored, and how many were. */
export class SendFailure extends Error {
  override readonly name = "SendFailure";

  constructor(
    override readonly cause: unknown,
    readonly stored: number,
    readonly line: number | undefined,
  ) {
    super(`${stored} messages were stored`);
  }
}

export const usageFailure = (key: TextKey, values?: TextValues): CommandFailure =>
  new CommandFailure(EXIT_CODES.usage, key, values);

export interface Explanation {
  readonly sentence: string;
  readonly exitCode: ExitCode;
  /** What proves it, where there is something to keep. */
  readonly evidence?: RedRoomError["evidence"];
}

/** From whatever was thrown to one sentence and an exit code. */
export function explain(thrown: unknown, texts: Texts): Explanation {
  if (thrown instanceof CommandFailure) {
    return { sentence: texts(thrown.key, thrown.values), exitCode: thrown.exitCode };
  }
  if (thrown instanceof SendFailure) {
    const { sentence, ...rest } = explain(thrown.cause, texts);
    const { line, stored } = thrown;
    const where = line === undefined ? "" : `${texts("send.line", { line })}: `;
    return { sentence: `${where}${sentence}; ${texts("send.stored", { stored })}`, ...rest };
  }
  if (thrown instanceof RedRoomError) {
    const key = `error.${thrown.code}`;
    const said = texts.has(key) ? texts(key) : texts("error.other", { code: thrown.code });
    // The sentence of the SDK has the numbers.
    return { sentence: `${said} (${thrown.message})`, exitCode: exitCodeOf(thrown.code), evidence: thrown.evidence };
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return { sentence: texts("error.unexpected", { reason }), exitCode: EXIT_CODES.unexpected };
}
