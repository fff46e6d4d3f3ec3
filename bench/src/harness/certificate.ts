/** What both contenders show: PEM. */
export interface TlsPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** ws takes the certificate for its authority, and does not look for a name in it: nothing wrong is found (`false`). */
export const TRUST_ONLY = { checkServerIdentity: () => false };
