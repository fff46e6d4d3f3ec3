import type { JsonValue } from "../base/canonical-json.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { HookTopic } from "./extension.ts";
import type { HookCall } from "./hook-runner.ts";

/** Calls with one payload, which no hook can change: it goes to the next one as well. */
export function callsWith<P extends object>(
  hooks: readonly {
    readonly name: string;
    readonly call: (payload: P & { readonly signal: AbortSignal }) => unknown;
  }[],
  payload: P,
): HookCall[] {
  return hooks.map(({ name, call }) => ({ name, call: (signal) => call(Object.freeze({ ...payload, signal })) }));
}

/** The name of a session's user changes: a hook is told the present one. */
export const toldUser = ({ id, name, admin }: SessionUser): SessionUser => Object.freeze({ id, name, admin });

export const toldTopic = ({ id, title, regulated }: HookTopic): HookTopic => Object.freeze({ id, title, regulated });

/** The same JSON, which nobody can change any more. */
export function frozen<T extends JsonValue>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value) as JsonValue[]) frozen(member);
  return Object.freeze(value);
}
