import type { SessionStorage } from "./session-storage.ts";

/** Sessions that end with the process. */
export function memorySessions(): SessionStorage {
  const values = new Map<string, string>();
  return {
    async read(key) {
      return values.get(key);
    },
    async write(key, value) {
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    },
  };
}
