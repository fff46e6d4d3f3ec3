import type { UserRecord } from "@redroom/sdk/store";

/** All that is stored of an account but the hash of its password, as people read it. */
export const accountOf = ({ id, name, admin, disabled, createdAt, consent, legalHold }: UserRecord) => ({
  id,
  name,
  admin,
  disabled,
  createdAt: new Date(createdAt).toISOString(),
  consentedAt: consent === undefined ? null : new Date(consent.at).toISOString(),
  consentedTo: consent?.digest ?? null,
  legalHold,
});
