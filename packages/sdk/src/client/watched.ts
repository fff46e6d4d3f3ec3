import type { RedRoomError } from "../base/errors.ts";
import { isBreach, type Link } from "./link.ts";

/** A server that breaks the protocol, or has two logs under one name, ends the session wherever it is noticed. */
export async function watched<T>(link: Link, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isBreach(error)) link.violated(error satisfies RedRoomError);
    throw error;
  }
}
