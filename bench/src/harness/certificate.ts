import { generateKeyPairSync, sign } from "node:crypto";

/** PEM of a server's certificate and key; clients take the certificate for their authority. */
export interface TlsPair {
  readonly certificate: string;
  readonly privateKey: string;
}

const DAY_MS = 86_400_000;

/** ECDSA P-256, self-signed, for 127.0.0.1: the same for both contenders. DER by hand (RFC 5280 §4.1), to need no library. */
export function makeTlsPair(): TlsPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(der(0x31, sequence(identifier("550403"), der(0x0c, Buffer.from("Red Room bench")))));
  const address = der(0x87, Buffer.of(127, 0, 0, 1));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.of(1)), // serial number
    ECDSA_WITH_SHA256,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(sequence(identifier("551d11"), der(0x04, sequence(address))))), // subject alternative name
  );
  const signature = der(0x03, Buffer.of(0), sign("sha256", body, privateKey));
  const certificate = sequence(body, ECDSA_WITH_SHA256, signature).toString("base64");
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`));

const ECDSA_WITH_SHA256 = sequence(identifier("2a8648ce3d040302"));
