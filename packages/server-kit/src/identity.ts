import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { RedRoomError } from "@redroom/sdk";
import { createCertificate, createKey, type Identity, pinOf } from "./certificate.ts";
import type { FolderPaths } from "./folder-paths.ts";
import { writePrivateFile } from "./write-file.ts";

/**
 * Reads the key and the certificate of a folder, checked. What is missing is made: key before certificate, so that a
 * certificate without a key is a loss and not an unfinished start.
 *
 * @throws {RedRoomError} `CERTIFICATE_INVALID`, `CERTIFICATE_EXPIRED`.
 */
export async function loadIdentity(paths: FolderPaths, now: number = Date.now()): Promise<Identity> {
  const [certificate, privateKey] = await Promise.all([readIfThere(paths.certificate), readIfThere(paths.privateKey)]);
  if (certificate !== undefined) return checkIdentity(paths, certificate, privateKey, now);
  if (privateKey === undefined) await writePrivateFile(paths.privateKey, createKey());
  return renewCertificate(paths, now);
}

/**
 * Writes a new certificate for the key of the folder, so that its pin stays.
 *
 * @throws {RedRoomError} `CERTIFICATE_INVALID`: no usable key, or the certificate comes from an authority.
 */
export async function renewCertificate(paths: FolderPaths, now: number = Date.now()): Promise<Identity> {
  const privateKey = await readIfThere(paths.privateKey);
  if (privateKey === undefined) throw keyMissing(paths);
  if (await isFromAuthority(paths)) {
    throw invalid(
      `${paths.certificate} comes from an authority`,
      "have it renewed there, and put the new one in its place",
    );
  }
  readPublicKey(paths, privateKey);
  const identity = createCertificate(privateKey, now);
  await writePrivateFile(paths.certificate, identity.certificate);
  return identity;
}

/** The pin of a folder's key, whatever its certificate is like. @throws {RedRoomError} `CERTIFICATE_INVALID`. */
export async function readPin(paths: FolderPaths): Promise<Uint8Array> {
  const privateKey = await readIfThere(paths.privateKey);
  if (privateKey === undefined) throw keyMissing(paths);
  return pinOf(readPublicKey(paths, privateKey));
}

function checkIdentity(paths: FolderPaths, certificate: string, privateKey: string | undefined, now: number): Identity {
  if (privateKey === undefined) throw keyMissing(paths);
  const renew = `redroom-server certificate renew --data ${paths.folder}`;
  const publicKey = readPublicKey(paths, privateKey);
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
  } catch (cause) {
    throw invalid(
      `${paths.certificate} is not a readable certificate`,
      `put it back from a backup, or: ${renew}`,
      cause,
    );
  }
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey))) {
    throw invalid(
      `${paths.privateKey} is not the key of ${paths.certificate}`,
      `put back the two that belong together, or make a certificate for this key, which changes the address: ${renew}`,
    );
  }
  const [validFrom, expiresAt] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (now < validFrom || now > expiresAt) {
    const [reason, remedy] =
      now > expiresAt
        ? [`expired on ${new Date(expiresAt).toISOString()}`, `${renew} (the address stays)`]
        : [`is valid only from ${new Date(validFrom).toISOString()}`, "check the clock of this machine"];
    throw new RedRoomError("CERTIFICATE_EXPIRED", `unable to serve; ${paths.certificate} ${reason}`, { remedy });
  }
  return { certificate, privateKey, pin: pinOf(publicKey), expiresAt };
}

function readPublicKey(paths: FolderPaths, privateKey: string): Buffer {
  try {
    return createPublicKey(createPrivateKey(privateKey)).export({ type: "spki", format: "der" });
  } catch (cause) {
    throw invalid(`${paths.privateKey} is not a readable private key`, "put it back from a backup", cause);
  }
}

async function isFromAuthority(paths: FolderPaths): Promise<boolean> {
  try {
    const { issuer, subject } = new X509Certificate(await readFile(paths.certificate));
    return issuer !== subject;
  } catch {
    return false; // none, or not readable: there is nothing to protect
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalid((cause as Error).message, "see that this user may read it", cause);
  }
}

const keyMissing = (paths: FolderPaths): RedRoomError =>
  invalid(
    `${paths.privateKey} is missing`,
    `put it back from a backup, or delete ${paths.certificate} and start again: with a new key, and a new address for all`,
  );

const invalid = (reason: string, remedy: string, cause?: unknown): RedRoomError =>
  new RedRoomError("CERTIFICATE_INVALID", `unable to use the certificate; ${reason}`, { remedy, cause });
