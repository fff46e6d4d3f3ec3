import { fromBase64Url, toBase64Url } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";

/** Where a server is and how to know it: `redroom://127.0.0.1:4433/#sha256-…`. */
export interface Address {
  /** An IP address (IPv6 without brackets) or a name. */
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the server's public key (SubjectPublicKeyInfo, DER): 32 bytes. Without it a CA must be given. */
  readonly pin?: Uint8Array;
}

export const DEFAULT_PORT = 4433;

/** @returns `redroom://host:port/`, followed by `#sha256-` and the pin in base64url where there is one. */
export function formatAddress({ host, port, pin }: Address): string {
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return `redroom://${shownHost}:${port}/${pin === undefined ? "" : `#sha256-${toBase64Url(pin)}`}`;
}

/** @throws {RedRoomError} `ADDRESS_INVALID`, naming the part that is wrong. */
export function parseAddress(text: string): Address {
  const refuse = (reason: string): never => {
    throw new RedRoomError("ADDRESS_INVALID", `unable to read the address "${text.slice(0, 200)}"; ${reason}`, {
      remedy: "copy the whole line that the server printed: redroom://HOST:PORT/#sha256-…",
    });
  };
  const match = /^redroom:\/\/(\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]|[^\s/:#?@[\]]+)(?::([0-9]{1,5}))?\/?(?:#(.*))?$/.exec(
    text,
  );
  if (match === null) return refuse("it is not of the form redroom://HOST:PORT/#sha256-…");
  const [, shownHost = "", shownPort, fragment] = match;
  const host = shownHost.startsWith("[") ? shownHost.slice(1, -1) : shownHost;
  const port = shownPort === undefined ? DEFAULT_PORT : Number(shownPort);
  if (port < 1 || port > 65_535) return refuse(`${port} is not a port (1 to 65535)`);
  if (fragment === undefined || fragment === "") return { host, port };
  if (!fragment.startsWith("sha256-")) return refuse("behind the # there must be sha256- and the pin");
  const pin = fromBase64Url(fragment.slice("sha256-".length));
  if (pin?.byteLength !== 32) return refuse("the pin is not the 43 characters of a SHA-256 in base64url");
  return { host, port, pin };
}
