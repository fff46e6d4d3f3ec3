import type { UserChange, UserRecord } from "@redroom/sdk/store";
import { accountOf } from "../account.ts";
import { withStore } from "../data-folder.ts";
import { print, printJson } from "../output.ts";
import { knownUser } from "./known-user.ts";
import type { DataOptions } from "./options.ts";

export async function list({ data, json }: DataOptions): Promise<void> {
  for (const user of await withStore(data, ({ users }) => users.listUsers())) {
    const { name, admin, disabled, createdAt, legalHold } = user;
    const since = new Date(createdAt).toISOString();
    const notes = [...(disabled ? ["disabled"] : []), ...(legalHold ? ["legal hold"] : [])];
    const remark = notes.length === 0 ? "" : `  (${notes.join(", ")})`;
    const shown = json
      ? printJson({ name, admin, disabled, consentedAt: accountOf(user).consentedAt, legalHold, createdAt: since })
      : print(`${since.slice(0, 10)}  ${admin ? "admin" : "     "}  ${name}${remark}`);
    if (!(await shown)) return;
  }
}

export async function show(name: string, { data, json }: DataOptions): Promise<void> {
  const account = accountOf(await withStore(data, ({ users }) => knownUser(users, name)));
  if (json) await printJson(account);
  else {
    const lines = Object.entries(account).map(([key, value]) => `${key.padEnd(14)}${value ?? "–"}`);
    await print(lines.join("\n"));
  }
}

/** What somebody may do everywhere; roles in a topic are the topic's. */
export async function roles(name: string, options: DataOptions & { readonly admin?: boolean }): Promise<void> {
  const { admin } = options;
  const user = await change(name, options, admin === undefined ? {} : { admin });
  await tell(
    options,
    { name: user.name, admin: user.admin },
    `${user.name} is ${user.admin ? "an" : "no"} administrator.`,
  );
}

export async function disable(name: string, options: DataOptions): Promise<void> {
  const user = await change(name, options, { disabled: true });
  await tell(options, { name: user.name, disabled: true }, `${user.name} may no longer log in.`);
}

export async function enable(name: string, options: DataOptions): Promise<void> {
  const user = await change(name, options, { disabled: false });
  await tell(options, { name: user.name, disabled: false }, `${user.name} may log in.`);
}

export async function hold(name: string, options: DataOptions & { readonly off?: boolean }): Promise<void> {
  const legalHold = options.off !== true;
  const user = await change(name, options, { legalHold });
  await tell(
    options,
    { name: user.name, legalHold },
    `${user.name} is ${legalHold ? "" : "no longer "}under a legal hold.`,
  );
}

const change = (name: string, { data }: DataOptions, change: UserChange): Promise<UserRecord> =>
  withStore(data, async ({ users }) => {
    const user = await knownUser(users, name);
    return Object.keys(change).length === 0 ? user : users.updateUser(user.id, change);
  });

async function tell({ json }: DataOptions, facts: object, sentence: string): Promise<void> {
  await (json ? printJson(facts) : print(sentence));
}
