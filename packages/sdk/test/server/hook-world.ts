import { type Extension, RedRoomError } from "@redroom/sdk";
import { turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

/** A server in memory that lets in whoever has a name, with these hooks; who is called "admin…" is an administrator. */
export const hookWorld = (options: NonNullable<Parameters<typeof serverWorld>[0]>) =>
  serverWorld({
    users: [],
    authenticate: ({ name }) => ({ id: `id of ${name}`, name, admin: name.startsWith("admin") }),
    ...options,
  });

export type HookWorld = Awaited<ReturnType<typeof hookWorld>>;

/** Lets time pass, and everything happen that falls due. */
export async function pass({ clock }: HookWorld, ms: number): Promise<void> {
  await turns();
  await clock.advanceAsync(ms);
  await turns();
}

export const never = (): Promise<never> => new Promise(() => {});

/** Something that happens when the test says so. */
export function gate<T = void>() {
  let open = (_value: T): void => {};
  let fail = (_reason: unknown): void => {};
  const passed = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { passed, open, fail };
}

export const refusing = (): never => {
  throw new RedRoomError("NOT_ALLOWED", "unable to go on; not on a Sunday");
};

/** Writes down who came and went. */
export function guestBook(name = "book") {
  const lines: string[] = [];
  const book: Extension = {
    name,
    onConnect: ({ user, resumed }) => void lines.push(`${user.name} ${resumed ? "is back" : "came"}`),
    onDisconnect: ({ user }) => void lines.push(`${user.name} went`),
  };
  return Object.assign(book, { lines });
}
