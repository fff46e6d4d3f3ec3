import { RedRoomError } from "../../src/base/errors.ts";
import type { memoryStore } from "../../src/store/memory-store.ts";

type Store = ReturnType<typeof memoryStore>;

/** A store whose calls fail, or wait, as long as the test says so. */
export function failingStore(inner: Store) {
  const state = { failing: undefined as (() => unknown) | undefined, opened: 0 };
  const held: (() => void)[] = [];
  let holding: string | undefined;
  const through = (target: object) =>
    new Proxy(target, {
      get(_, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (name === "users") return users;
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          if (name === "open") state.opened += 1;
          if (state.failing !== undefined && name !== "close") throw state.failing();
          const result: unknown = await member.apply(target, args);
          // Done, and the answer is on its way.
          if (name === holding) await new Promise<void>((resolve) => held.push(resolve));
          if (state.failing !== undefined && name === holding) throw state.failing();
          return result;
        };
      },
    });
  const users: object = through(inner.users);
  return {
    store: through(inner) as Store,
    fail(error: () => unknown = diskFull): void {
      state.failing = error;
    },
    heal(): void {
      state.failing = undefined;
    },
    get opened(): number {
      return state.opened;
    },
    /** Answers of this call wait for `letGo`. */
    hold(name: keyof Store): void {
      holding = name as string;
    },
    letGo(): void {
      holding = undefined;
      for (const resolve of held.splice(0)) resolve();
    },
    get held(): number {
      return held.length;
    },
  };
}

export const diskFull = () =>
  new RedRoomError("STORE_UNAVAILABLE", "unable to store; /srv/room.db: the disk is full", { retryable: true });
