import type { Member } from "@redroom/sdk";
import { shortTime } from "../message-heading.ts";
import { printable } from "../terminal/printable.ts";
import type { Texts } from "../texts/texts.ts";

/** A role in the language of the person; one that only this server knows as it is called there. */
export function rolesText(roles: readonly string[], texts: Texts): string {
  if (roles.length === 0) return texts("rights.none");
  return roles
    .map((role) => {
      const key = `role.${role}`;
      return texts.has(key) ? texts(key) : printable(role);
    })
    .join(", ");
}

export function presenceText({ presence }: Pick<Member, "presence">, texts: Texts): string {
  if (presence === undefined) return texts("presenceState.unknown");
  return texts(`presenceState.${presence.state}`, { since: shortTime(presence.since, texts) });
}

/** @param self Our pseudonym. */
export function nameText({ id, name }: Member, self: string | undefined, texts: Texts): string {
  return id === self ? `${printable(name)} (${texts("members.you")})` : printable(name);
}

export const memberJson = ({ name, roles, presence }: Member): object => ({ name, roles, ...presenceJson(presence) });

export const presenceJson = (presence: Member["presence"]): object => ({
  presence: presence?.state ?? "unknown",
  since: presence?.since.toISOString(),
});
