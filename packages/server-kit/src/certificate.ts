import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { RedRoomError } from "@redroom/sdk";

/** What a server shows and what clients know it by. */
export interface Identity {
  /** PEM; the server's own first. */
  readonly certificate: string;
  /** PEM (PKCS #8). */
  readonly privateKey: string;
  /** SHA-256 of the public key (SPKI, DER): 32 bytes. It stays the same when the certificate is renewed. */
  readonly pin: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

const DAY_MS = 24 * 3_600_000;
const VALID_DAYS = 3_652;

/** @returns A new key (ECDSA P-256) as PKCS #8 in PEM. */
export function createKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/**
 * Makes a self-signed certificate for ten years. Nothing in it tells whose it is: clients know the server by its pin.
 *
 * @param privateKey PEM of an ECDSA P-256 key; a new one by default.
 * @param now Valid from a day before, because clocks differ.
 * @throws {RedRoomError} `CERTIFICATE_INVALID` for a key of another kind.
 */
export function createCertificate(privateKey: string = createKey(), now: number = Date.now()): Identity {
  const key = createPrivateKey(privateKey);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new RedRoomError("CERTIFICATE_INVALID", "unable to make a certificate; the key is not one of ECDSA P-256");
  }
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const expiresAt = Math.floor((now + VALID_DAYS * DAY_MS) / 1_000) * 1_000;
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))), // version 3
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    NAME,
    sequence(time(now - DAY_MS), time(expiresAt)),
    NAME,
    publicKey,
    der(0xa3, EXTENSIONS),
  );
  const certificate = sequence(body, ECDSA_WITH_SHA256, bitString(0, sign("sha256", body, key)));
  return { certificate: pem(certificate), privateKey, pin: pinOf(publicKey), expiresAt };
}

export const pinOf = (publicKey: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha256").update(publicKey).digest());

// What X.509 (RFC 5280) needs for the one certificate that is ever made here.

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const bitString = (unusedBits: number, bytes: Uint8Array): Buffer => der(0x03, Buffer.of(unusedBits), bytes);

/** Positive and without leading zeros, as DER wants integers. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8() & 0x3f) | 0x40);
  return bytes;
}

/** UTCTime before 2050, GeneralizedTime from then on (§4.1.2.5). */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\.\d+|[-:T]/g, "");
  return digits < "2050" ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(identifier(id), ...(critical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value));

const ECDSA_WITH_SHA256 = sequence(identifier("2a8648ce3d040302"));
const NAME = sequence(der(0x31, sequence(identifier("550403"), der(0x0c, Buffer.from("server")))));
const EXTENSIONS = sequence(
  extension("551d13", true, sequence()), // basicConstraints: certifies nobody else
  extension("551d0f", true, bitString(7, Buffer.of(0x80))), // keyUsage: digitalSignature
  extension("551d25", false, sequence(identifier("2b06010505070301"))), // extKeyUsage: serverAuth
);

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
