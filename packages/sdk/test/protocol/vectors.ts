import { readFileSync } from "node:fs";
import type { RedRoomErrorCode } from "../../src/base/errors.ts";
import type { Message } from "../../src/protocol/messages.ts";

/** A message as the file has it: its body in the notation of `unhex`. */
export type VectorMessage = { readonly type: Message["type"]; readonly body?: string };

export interface Vectors {
  readonly valid: readonly { readonly name: string; readonly message: VectorMessage; readonly hex: string }[];
  readonly invalid: readonly {
    readonly name: string;
    readonly error: RedRoomErrorCode;
    readonly hex: string;
    readonly maxFrameBytes?: number;
  }[];
  /** Pairs of a length and what it is padded to. */
  readonly padding: readonly (readonly [number, number])[];
}

export const vectors = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8")) as Vectors;

/** Hex with spaces between words; `word*n` is the word n times. */
export function unhex(notation: string): Uint8Array {
  const words = notation.split(" ").map((word) => {
    const [digits = "", times = "1"] = word.split("*");
    return digits.repeat(Number(times));
  });
  return Uint8Array.from(Buffer.from(words.join(""), "hex"));
}

export function toMessage(message: VectorMessage): Message {
  return { ...message, ...(message.body !== undefined && { body: unhex(message.body) }) } as Message;
}

/** The message with its body in hex: quick to compare, and short to show. */
export function comparable(message: Message): object {
  return "body" in message ? { ...message, body: Buffer.from(message.body).toString("hex") } : message;
}
