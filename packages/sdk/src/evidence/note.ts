import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** Who signs notes: a name and an Ed25519 key pair. */
export interface NoteSigner {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** The key's public half: 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Who is believed. */
export interface NoteVerifier {
  readonly name: string;
  /** Ed25519, 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
}

const ED25519 = Uint8Array.of(1);
/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const SIGNATURE_BYTES = 64;
const MAX_SIGNATURES = 64;

/** The 32 bytes of an Ed25519 key's public half. */
export function publicKeyBytes(key: KeyObject): Uint8Array {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.byteLength);
}

/** Reading a key takes longer than hashing a note, and one key opens all notes of a server. */
const publicKeys = new WeakMap<Uint8Array, KeyObject>();

/** An Ed25519 key of 32 bytes as Node knows it. */
export function toPublicKey(bytes: Uint8Array): KeyObject {
  const known = publicKeys.get(bytes);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });
  publicKeys.set(bytes, key);
  return key;
}

/** `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]` (C2SP signed-note). */
function keyId({ name, publicKey }: NoteVerifier): Buffer {
  return createHash("sha256").update(`${name}\n`).update(ED25519).update(publicKey).digest().subarray(0, 4);
}

/** The verifier as one line: `name+hash+base64(0x01 ‖ key)`, as the Go module `sumdb/note` writes it. */
export function formatVerifier(verifier: NoteVerifier): string {
  const key = Buffer.concat([ED25519, verifier.publicKey]).toString("base64");
  return `${verifier.name}+${keyId(verifier).toString("hex")}+${key}`;
}

/** @returns `undefined` unless the line is a verifier whose hash fits. */
export function parseVerifier(line: string): NoteVerifier | undefined {
  const [, name = "", hash, key = ""] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
  const bytes = Buffer.from(key, "base64");
  if (bytes.byteLength !== 33 || bytes[0] !== 1) return undefined;
  const verifier = { name, publicKey: bytes.subarray(1) };
  return formatVerifier(verifier) === line && keyId(verifier).toString("hex") === hash ? verifier : undefined;
}

/**
 * A signed note (C2SP signed-note): the text, an empty line, and the signature's line.
 *
 * @param text Ends with a newline.
 */
export function signNote(text: string, { name, privateKey, publicKey }: NoteSigner): string {
  const id = keyId({ name, publicKey });
  const signature = sign(null, Buffer.from(text), privateKey);
  return `${text}\n— ${name} ${Buffer.concat([id, signature]).toString("base64")}\n`;
}

/**
 * @returns The text, ending with a newline, when the verifier's signature is there and right; else `undefined`. Signatures
 * of others are ignored.
 */
export function openNote(note: string, verifier: NoteVerifier): string | undefined {
  const signed = readNote(note, verifier);
  if (signed === undefined) return undefined;
  const key = toPublicKey(verifier.publicKey);
  const right = signed.signatures.every((signature) => verify(null, Buffer.from(signed.text), key, signature));
  return right ? signed.text : undefined;
}

/** The text, and the verifier's signatures as they stand there, one at least: not checked yet. */
export function readNote(
  note: string,
  verifier: NoteVerifier,
): { readonly text: string; readonly signatures: readonly Uint8Array[] } | undefined {
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n") || !note.isWellFormed() || hasControls(note)) return undefined;
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) return undefined;
  const id = keyId(verifier);
  const signatures: Uint8Array[] = [];
  for (const line of lines) {
    const [, name, encoded = ""] = /^— ([^+\s]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
    const bytes = Buffer.from(encoded, "base64");
    if (name === undefined || bytes.byteLength <= 4 || bytes.toString("base64") !== encoded) return undefined;
    if (name !== verifier.name || !bytes.subarray(0, 4).equals(id)) continue;
    const signature = bytes.subarray(4);
    if (signature.byteLength !== SIGNATURE_BYTES) return undefined;
    signatures.push(signature);
  }
  return signatures.length === 0 ? undefined : { text, signatures };
}

/** ASCII control characters other than the newline have no place in a note. */
function hasControls(note: string): boolean {
  for (let index = 0; index < note.length; index += 1) {
    const unit = note.charCodeAt(index);
    if (unit < 0x20 && unit !== 0x0a) return true;
  }
  return false;
}
