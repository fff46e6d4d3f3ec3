import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP, isIPv4 } from "node:net";

/** A certificate with its key, as a server is given it, and what clients check it by. */
export interface TestCertificate {
  /** PEM; the leaf first, then its issuers without the root. */
  readonly certificate: string;
  /** PEM (PKCS #8). */
  readonly privateKey: string;
  /** SHA-256 of the public key (SPKI, DER). */
  readonly pin: Uint8Array;
}

export interface TestCertificateOptions {
  /** DNS names and IP addresses; `localhost`, `127.0.0.1` and `::1` by default. */
  readonly names?: readonly string[];
  /** An hour ago by default. */
  readonly notBefore?: Date;
  /** Tomorrow by default. */
  readonly notAfter?: Date;
  /** Who signs it; itself by default. */
  readonly issuer?: TestCertificate;
  /** May sign others; `false` by default. */
  readonly authority?: boolean;
}

const HOUR_MS = 3_600_000;
const issuers = new WeakMap<TestCertificate, { readonly key: KeyObject; readonly subject: Buffer; root: boolean }>();

/** Makes an ECDSA P-256 certificate. DER by hand: what a test needs of X.509 is shorter than a library's set-up. */
export function makeCertificate(options: TestCertificateOptions = {}): TestCertificate {
  const { names = ["localhost", "127.0.0.1", "::1"], issuer, authority = false } = options;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const serial = randomBytes(8);
  serial[0] = 0x40;
  const subject = name(`${authority ? "Test Authority" : "Test Server"} ${serial.toString("hex")}`);
  const parent = issuer === undefined ? { key: privateKey, subject, root: true } : issuers.get(issuer);
  if (parent === undefined) throw new Error("the issuer must come from makeCertificate");

  const extensions = [extension("551d13", sequence(...(authority ? [der(0x01, Buffer.of(0xff))] : [])))];
  if (names.length > 0) extensions.push(extension("551d11", sequence(...names.map(alternativeName))));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    parent.subject,
    sequence(
      time(options.notBefore ?? new Date(Date.now() - HOUR_MS)),
      time(options.notAfter ?? new Date(Date.now() + 24 * HOUR_MS)),
    ),
    subject,
    spki,
    der(0xa3, sequence(...extensions)),
  );
  const leaf = pem("CERTIFICATE", sequence(body, ECDSA_WITH_SHA256, bitString(sign("sha256", body, parent.key))));

  const made = {
    certificate: issuer === undefined || parent.root ? leaf : leaf + issuer.certificate,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    pin: new Uint8Array(createHash("sha256").update(spki).digest()),
  };
  issuers.set(made, { key: privateKey, subject, root: issuer === undefined });
  return made;
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const bitString = (bytes: Uint8Array): Buffer => der(0x03, Buffer.of(0), bytes);
const ECDSA_WITH_SHA256 = sequence(identifier("2a8648ce3d040302"));

/** A distinguished name of one part: the common name. */
const name = (text: string): Buffer =>
  sequence(der(0x31, sequence(identifier("550403"), der(0x0c, Buffer.from(text)))));

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
const time = (date: Date): Buffer => {
  const digits = date.toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
};

const extension = (id: string, value: Uint8Array): Buffer =>
  sequence(identifier(id), der(0x01, Buffer.of(0xff)), der(0x04, value));

const alternativeName = (text: string): Buffer =>
  isIP(text) === 0 ? der(0x82, Buffer.from(text)) : der(0x87, addressBytes(text));

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
  const all = address.includes("::") ? [...groups(head), ...zeros, ...groups(tail)] : groups(head);
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;
