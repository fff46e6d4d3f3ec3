import { createHash } from "node:crypto";
import { RedRoomError } from "@redroom/sdk";
import type { UserRecord } from "@redroom/sdk/store";
import { accountOf } from "../account.ts";
import { readConsentText } from "../consent-text.ts";
import { requireInitialised, withStore } from "../data-folder.ts";
import { print, printJson } from "../output.ts";
import { knownUser } from "./known-user.ts";
import type { DataOptions } from "./options.ts";

interface ConsentOptions extends DataOptions {
  readonly given?: boolean;
  readonly withdrawn?: boolean;
}

export async function consent(name: string, { data, json, given, withdrawn }: ConsentOptions): Promise<void> {
  const text = await readConsentText(requireInitialised(data).consent);
  const digest = text === undefined ? undefined : createHash("sha256").update(text).digest("base64url");
  if (given && digest === undefined) throw nothingToConsentTo();
  const user = await withStore(data, async ({ users }) => {
    const found = await knownUser(users, name);
    if (given && digest !== undefined) return users.updateUser(found.id, { consent: { at: Date.now(), digest } });
    return withdrawn ? users.updateUser(found.id, { consent: undefined }) : found;
  });
  const { consentedAt, consentedTo } = accountOf(user);
  const needed = digest !== undefined && digest !== consentedTo;
  await (json ? printJson({ name: user.name, consentedAt, consentedTo, needed }) : print(describe(user, digest)));
}

function describe({ name, consent }: UserRecord, digest: string | undefined): string {
  if (consent === undefined)
    return `${name} has not consented${digest === undefined ? "; no consent is asked for" : ""}.`;
  const text = digest === undefined || digest === consent.digest ? "" : " to an earlier text, and is asked again";
  return `${name} has consented on ${new Date(consent.at).toISOString().slice(0, 10)}${text}.`;
}

const nothingToConsentTo = (): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", "unable to note a consent; there is no consent.md in the data folder", {
    remedy: "write the text into it first",
  });
