import { createHash, timingSafeEqual, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { RedRoomError } from "../../base/errors.ts";
import { checkValidity } from "./quic-options.ts";

/** SHA-256 of the public key (SubjectPublicKeyInfo, DER): what an address names a server by. */
export const pinOf = (certificate: X509Certificate): Uint8Array =>
  new Uint8Array(createHash("sha256").update(publicKeyOf(certificate)).digest());

const publicKeyOf = (certificate: X509Certificate): Uint8Array =>
  new Uint8Array(certificate.publicKey.export({ type: "spki", format: "der" }));

export interface Expectation {
  readonly pin: Uint8Array | undefined;
  /** A name or IP address that the certificate must hold; none when the pin alone decides. */
  readonly name: string | undefined;
  readonly nowMs: number;
}

/**
 * The client's own check of the server, after the handshake and before anything is sent. Where an authority is asked
 * for, the chain has been verified by BoringSSL already, which knows neither our pin nor the name.
 *
 * @returns The server's public key (SubjectPublicKeyInfo, DER).
 * @throws {RedRoomError} `PIN_MISMATCH`, `CERTIFICATE_EXPIRED`, `CERTIFICATE_INVALID`.
 */
export function verifyCertificate(der: Uint8Array | undefined, { pin, name, nowMs }: Expectation): Uint8Array {
  const invalid = (reason: string, cause?: unknown) =>
    new RedRoomError("CERTIFICATE_INVALID", `unable to connect; ${reason}`, { cause });
  if (der === undefined) throw invalid("the server showed no certificate");
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(der);
  } catch (cause) {
    throw invalid("the server's certificate is not readable", cause);
  }
  if (pin !== undefined && !(pin.byteLength === 32 && timingSafeEqual(pinOf(leaf), pin))) {
    throw new RedRoomError("PIN_MISMATCH", "unable to connect; the server has another key than the address names", {
      remedy: "ask the operator for the current address; if it is the one you have, somebody is in between",
    });
  }
  checkValidity(leaf, nowMs, "connect");
  if (name === undefined) return publicKeyOf(leaf);
  const found = isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name);
  if (found === undefined) {
    throw invalid(`the server's certificate is for ${leaf.subjectAltName ?? "no name"}, not for ${name}`);
  }
  return publicKeyOf(leaf);
}
