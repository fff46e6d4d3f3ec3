import { RedRoomError } from "../base/errors.ts";
import type { CursorStore } from "../store/cursor-store.ts";
import type { PreparedStore } from "../store/prepared-store.ts";
import type { TopicStore } from "../store/topic-store.ts";
import type { UserStore } from "../store/user-store.ts";

/** A call of a store, as a plan sees it before the store does. */
export interface StoreCall {
  readonly method:
    | keyof TopicStore
    | `users.${keyof UserStore}`
    | `prepared.${keyof PreparedStore}`
    | `cursors.${keyof CursorStore}`;
  /** How many calls of this method there were, with this one: 1 for the first. */
  readonly count: number;
}

/** What becomes of a call. */
export interface StoreFault {
  /** The call reaches the store only when this resolves. One that never does is a store that hangs. */
  readonly until?: Promise<unknown>;
  /**
   * - `works` (the default): as the store says
   * - `fails`: without any effect
   * - `failsAfterwards`: it has taken effect, and the caller cannot know
   */
  readonly ends?: "works" | "fails" | "failsAfterwards";
  /** What a failing call rejects with: by default `STORE_UNAVAILABLE`, retryable. */
  readonly error?: Error;
}

/**
 * A store that does what a plan says instead of what it should: for tests of whatever rests on a store.
 *
 * A call that has to wait lets those behind it wait that write to the log too, as a slow disk does: calls never overtake
 * each other. What is not planned goes through unchanged.
 *
 * @param store Its `users`, `prepared` messages and `cursors` are wrapped as well, where it has any.
 * @param plan Asked once for each call, in call order. It may change its mind at any time: so a test breaks a store, and
 * heals it.
 * @example
 * // The third append is stored, and its caller told that it was not.
 * const store = faultyStore(memoryStore(), ({ method, count }) =>
 *   method === "append" && count === 3 ? { ends: "failsAfterwards" } : undefined,
 * );
 */
export function faultyStore<S extends TopicStore>(store: S, plan: (call: StoreCall) => StoreFault | undefined): S {
  const counts = new Map<string, number>();
  let turn: Promise<unknown> | undefined;

  const invoke = (method: StoreCall["method"], work: () => unknown): unknown => {
    const count = (counts.get(method) ?? 0) + 1;
    counts.set(method, count);
    const { until, ends = "works", error = failure(method, count) } = plan({ method, count }) ?? {};
    const act = async (): Promise<unknown> => {
      if (ends === "fails") throw error;
      const result = await work();
      if (ends === "failsAfterwards") throw error;
      return result;
    };
    const before = WRITES.has(method) ? turn : undefined;
    if (before === undefined && until === undefined) return act();
    const done = Promise.all([before, until]).then(act);
    if (WRITES.has(method)) {
      const settled = done.then(
        () => {},
        () => {},
      );
      turn = settled;
      void settled.then(() => {
        if (turn === settled) turn = undefined;
      });
    }
    return done;
  };

  const wrap = <T extends object>(target: T, prefix: string): T =>
    new Proxy(target, {
      get(_, name) {
        const member: unknown = Reflect.get(target, name, target);
        const isPart = name === "users" || name === "prepared" || name === "cursors";
        if (isPart && typeof member === "object" && member !== null) return wrap(member, `${name}.`);
        if (typeof member !== "function" || typeof name !== "string") return member;
        return (...args: readonly unknown[]) =>
          invoke(`${prefix}${name}` as StoreCall["method"], () => member.apply(target, args));
      },
    });
  return wrap(store, "");
}

const WRITES: ReadonlySet<string> = new Set(["append", "erase"] satisfies StoreCall["method"][]);

const failure = (method: string, count: number): RedRoomError =>
  new RedRoomError("STORE_UNAVAILABLE", `unable to use the store; call ${count} of ${method} fails by plan`, {
    retryable: true,
    remedy: "change the plan",
  });
