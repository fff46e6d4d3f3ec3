import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Clock, systemClock } from "../../base/clock.ts";
import { RedRoomError } from "../../base/errors.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";

/** What a server shows and signs with. */
export interface TlsIdentity {
  /** The certificate chain (PEM), the server's own first. */
  readonly certificate: string;
  /** The private key of the first (PEM). */
  readonly privateKey: string;
}

export interface QuicTransportOptions {
  /** Needed for `listen`. */
  readonly tls?: TlsIdentity;
  /** Authorities (PEM) that a server's certificate must come from. Needed to connect without a pin. */
  readonly ca?: string;
  /** The protocol's name in the TLS handshake, which everybody on the way can read; `app/1` by default. */
  readonly alpn?: string;
  /** A name to send in clear to the server (SNI), and to check its certificate for. None is sent by default. */
  readonly serverName?: string;
  /** How long the peer may be silent; 30,000 by default. Keep the heartbeat below it. */
  readonly idleTimeoutMs?: number;
  /** Sends a ping after this long without a packet, so that an idle connection lives on; off by default. */
  readonly keepAliveMs?: number;
  /** How long a client may take to complete its handshake; 10,000 by default. */
  readonly handshakeTimeoutMs?: number;
  /** Connections a listener holds; 10,000 by default. */
  readonly maxConnections?: number;
  /** Of these, from one IP address; 2,000 by default. */
  readonly maxConnectionsPerAddress?: number;
  /** Of these, with the handshake still going on; 1,000 by default. */
  readonly maxHandshakes?: number;
  /** Streams a peer may have open at a time; 256 by default. */
  readonly maxStreams?: number;
  /** Writes the secrets of each connection into a file of its own there, for Wireshark. Off by default. */
  readonly keyLogFolder?: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** The options with their defaults, checked. */
export type QuicOptions = Required<Omit<QuicTransportOptions, OptionalOption>> &
  Pick<QuicTransportOptions, OptionalOption>;
type OptionalOption = "tls" | "ca" | "serverName" | "keepAliveMs" | "keyLogFolder";

const DEFAULTS = {
  alpn: "app/1",
  idleTimeoutMs: 30_000,
  handshakeTimeoutMs: 10_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 2_000,
  maxHandshakes: 1_000,
  maxStreams: 256,
  clock: systemClock,
  logger: silentLogger,
};

const NUMBERS = [
  "idleTimeoutMs",
  "keepAliveMs",
  "handshakeTimeoutMs",
  "maxConnections",
  "maxConnectionsPerAddress",
  "maxHandshakes",
  "maxStreams",
] as const;

/** @throws {RedRoomError} `OPTIONS_INVALID`, naming the option. */
export function resolveQuicOptions(given: QuicTransportOptions): QuicOptions {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options: QuicOptions = { ...DEFAULTS, ...present };
  for (const name of NUMBERS) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw invalid(`${name} must be a whole number above 0, not ${String(value)}`);
    }
  }
  const alpnBytes = Buffer.byteLength(options.alpn);
  if (alpnBytes < 1 || alpnBytes > 255) throw invalid(`alpn must have 1 to 255 bytes, not ${alpnBytes}`);
  if (options.keepAliveMs !== undefined && options.keepAliveMs >= options.idleTimeoutMs) {
    throw invalid(`keepAliveMs (${options.keepAliveMs}) must be below idleTimeoutMs (${options.idleTimeoutMs})`);
  }
  if (options.ca !== undefined) {
    try {
      new X509Certificate(options.ca);
    } catch (cause) {
      throw invalid("ca holds no certificate in PEM", cause);
    }
  }
  return options;
}

/**
 * The leaf certificate a server shows.
 *
 * @throws {RedRoomError} `OPTIONS_INVALID`, `CERTIFICATE_INVALID`, `CERTIFICATE_EXPIRED`.
 */
export function readServerCertificate({ tls, clock }: QuicOptions): X509Certificate {
  if (tls === undefined) throw invalid("to listen, tls with a certificate and its privateKey is needed");
  const refuse = (reason: string, cause?: unknown): never => {
    throw new RedRoomError("CERTIFICATE_INVALID", `unable to listen; ${reason}`, {
      cause,
      remedy: "give the certificate chain (PEM, the server's own first) and the private key that it was made with",
    });
  };
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(tls.certificate);
  } catch (cause) {
    return refuse("the certificate is not readable PEM", cause);
  }
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(tls.privateKey));
  } catch (cause) {
    return refuse("the private key is not readable PEM", cause);
  }
  if (!matches) refuse("the private key does not belong to the certificate");
  checkValidity(leaf, clock.now(), "listen");
  return leaf;
}

/** @throws {RedRoomError} `CERTIFICATE_EXPIRED`, also before its time has come. */
export function checkValidity(certificate: X509Certificate, nowMs: number, doing: string): void {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  if (nowMs >= from && nowMs <= to) return;
  const [when, remedy] =
    nowMs > to
      ? [`expired on ${new Date(to).toISOString()}`, "renew the server's certificate"]
      : [`is valid only from ${new Date(from).toISOString()}`, "check the clocks of both machines"];
  throw new RedRoomError("CERTIFICATE_EXPIRED", `unable to ${doing}; the server's certificate ${when}`, { remedy });
}

export const invalid = (reason: string, cause?: unknown): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to use the QUIC transport; ${reason}`, { cause });
