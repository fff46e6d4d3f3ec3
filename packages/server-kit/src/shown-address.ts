import { type Address, formatAddress } from "@redroom/sdk/protocol";

/** Hosts that mean "all addresses of this machine": nobody can dial them. */
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

export interface ShownAddress {
  /** Can be dialled, from this machine at least. */
  readonly address: string;
  /** `sha256-…` */
  readonly pin: string;
  /** What people on other machines have to know. */
  readonly hint: string | undefined;
}

export function showAddress({ host, port, pin }: Required<Address>): ShownAddress {
  const dialled = EVERYWHERE[host] ?? host;
  const address = formatAddress({ host: dialled, port, pin });
  const local = dialled === "127.0.0.1" || dialled === "::1" || dialled === "localhost";
  const hint = !local
    ? undefined
    : dialled === host
      ? "Only programs on this machine reach it; to serve others, start it with --host 0.0.0.0"
      : `From other machines, write this machine's name or IP address instead of ${dialled}`;
  return { address, pin: `sha256-${Buffer.from(pin).toString("base64url")}`, hint };
}
