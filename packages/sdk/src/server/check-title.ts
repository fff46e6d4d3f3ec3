import { utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Limits } from "../protocol/limits.ts";

/** @returns The title in Unicode's normal form C, so that it can be found again however it is typed. */
export function checkTitle(title: string, { maxTitleBytes }: Limits): string {
  const refuse = (reason: string): never => {
    throw new RedRoomError("TITLE_INVALID", `unable to use the title; ${reason}`);
  };
  if (!title.isWellFormed()) return refuse("it is not Unicode text");
  const normal = title.normalize("NFC");
  const bytes = utf8(normal).byteLength;
  if (normal.trim() === "" || normal.trim() !== normal) return refuse("it is empty, or has spaces at its ends");
  if (/\p{Cc}/u.test(normal)) return refuse("it contains control characters");
  if (bytes > maxTitleBytes) return refuse(`${bytes} bytes, the limit is ${maxTitleBytes}`);
  return normal;
}
