import { readFile } from "node:fs/promises";
import { RedRoomError } from "@redroom/sdk";

/**
 * What users have to consent to: the text of `consent.md`, the same on every system. Whoever has consented to it before is
 * asked again when it has changed.
 *
 * @returns `undefined` where there is no such file.
 * @throws {RedRoomError} `OPTIONS_INVALID`.
 */
export async function readConsentText(file: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(file, (cause as Error).message, cause);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch (cause) {
    throw unusable(file, "it is not UTF-8", cause);
  }
  if (text.trim() === "") throw unusable(file, "it is empty");
  return text;
}

const unusable = (file: string, reason: string, cause?: unknown): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to use ${file}; ${reason}`, {
    cause,
    remedy: "write the text into it that users are to consent to, or delete it to ask for no consent",
  });
