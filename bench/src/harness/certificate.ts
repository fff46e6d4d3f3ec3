/** What both contenders show: PEM. ws takes the certificate for its authority; its names are nobody's, so they are not checked. */
export interface TlsPair {
  readonly certificate: string;
  readonly privateKey: string;
}

export const TRUST_ONLY = { checkServerIdentity: () => undefined };
