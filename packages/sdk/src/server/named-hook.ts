import type { Extension } from "./extension.ts";

export type HookName = Exclude<keyof Extension, "name">;

export const HOOK_NAMES: readonly HookName[] = [
  "authenticate",
  "authorize",
  "beforeAppend",
  "afterAppend",
  "onConnect",
  "onDisconnect",
];

type Payload<N extends HookName> = Parameters<NonNullable<Extension[N]>>[0];

/** One hook of one extension. */
export interface NamedHook<N extends HookName> {
  /** What the log calls it. */
  readonly name: string;
  readonly call: (payload: Payload<N>) => unknown;
}

/** The hooks of this name, in the order of their extensions. */
export function hooksNamed<N extends HookName>(extensions: readonly Extension[], hook: N): NamedHook<N>[] {
  return extensions.flatMap((extension, index) => hookNamed(extension, index, hook) ?? []);
}

/** @param index Where it stands among the extensions; the server's own options come first. */
export function hookNamed<N extends HookName>(extension: Extension, index: number, hook: N): NamedHook<N> | undefined {
  const method = extension[hook] as ((payload: Payload<N>) => unknown) | undefined;
  if (method === undefined) return undefined;
  const owner = extension.name ?? (index === 0 ? "the server's options" : `extension ${index}`);
  return { name: `${hook} of ${owner}`, call: (payload) => method.call(extension, payload) };
}
