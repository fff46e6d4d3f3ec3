import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { utf8 } from "../base/bytes.ts";
import { publicKeyBytes } from "./note.ts";

/** The Ed25519 key that signs a server's checkpoints. */
export interface LogKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export function makeLogKey(): LogKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicKey: publicKeyBytes(privateKey) };
}

/** @throws {TypeError} unless it is an Ed25519 private key in PEM (PKCS #8). */
export function readLogKey(pem: string): LogKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== "ed25519") throw new TypeError(`a ${privateKey.asymmetricKeyType} key`);
  return { privateKey, publicKey: publicKeyBytes(privateKey) };
}

export function formatLogKey({ privateKey }: LogKey): string {
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

/**
 * What the holder of the key that the address pins signs, to say which key signs its logs. Without it, somebody with
 * another log key could show another log; with it, only who holds the pinned key can.
 */
export function logKeyStatement(publicKey: Uint8Array): Uint8Array {
  return utf8(`redroom log key v1\n${Buffer.from(publicKey).toString("base64")}\n`);
}

/** @param serverKey The public key that the address pins (SubjectPublicKeyInfo, DER). */
export function verifyLogKey(publicKey: Uint8Array, certificate: Uint8Array, serverKey: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(serverKey), format: "der", type: "spki" });
    const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
    return verify(digest, logKeyStatement(publicKey), key, certificate);
  } catch {
    return false; // not a key, or not a signature of its kind
  }
}
