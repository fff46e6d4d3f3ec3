import { createECDH, createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { originOf, signCheckpoint } from "../../src/evidence/checkpoint.ts";
import { formatExportDirectory, formatExportEntry, formatExportKeys } from "../../src/evidence/export-format.ts";
import { commit, encodeContent, encodeLeaf, type LeafFields } from "../../src/evidence/leaf.ts";
import { logKeyStatement, readLogKey } from "../../src/evidence/log-key.ts";
import { formatLogProof } from "../../src/evidence/log-proof.ts";
import { hashChildren, hashLeaf } from "../../src/evidence/merkle.ts";
import { formatVerifier } from "../../src/evidence/note.ts";

/** A topic of three entries, made from fixed keys and salts: docs/evidence.md shows its bytes. */

const bytes = (first: number, count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => first + at);
const id = (first: number): string => Buffer.from(bytes(first, 16)).toString("base64url");
const hex = (hash: Uint8Array): string => Buffer.from(hash).toString("hex");

const topic = id(0x00);
export const origin = originOf(topic);
const [anna, bernd, operator] = [id(0x10), id(0x20), id(0x30)] as const;
const NEW_YEAR = Date.UTC(2026, 0, 1);

const seed = bytes(0x40, 32);
const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString("base64")}\n-----END PRIVATE KEY-----\n`;
export const logKey = readLogKey(pem);

/** ECDSA P-256, with a private key of the bytes 60 … 7f. */
export const server = (() => {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(bytes(0x60, 32));
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString("base64url"));
  const key = { kty: "EC", crv: "P-256", x: `${x}`, y: `${y}`, d: Buffer.from(bytes(0x60, 32)).toString("base64url") };
  const privateKey = createPrivateKey({ key, format: "jwk" });
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return { privateKey, publicKey, pin: createHash("sha256").update(publicKey).digest() };
})();

/** Made once: ECDSA signatures have chance in them. */
const CERTIFICATE = "MEQCIEKLvuSqfNTK0hYBwmM7KHU+Yznc/yji9cfHP3kQlR11AiASugYwvRDD/Aw+OW5JBGC1ybf2hGrOvFzxtMbBqED1Zw==";

function entry(salt: number, text: string, fields: Omit<LeafFields, "topic" | "commitment">) {
  const content = encodeContent(text);
  const saltBytes = bytes(salt, 32);
  const leaf = encodeLeaf({ topic, ...fields, commitment: commit(saltBytes, content) });
  return { leaf, content, salt: saltBytes, hash: hashLeaf(leaf) };
}

export const entries = [
  entry(0x80, "Wie hoch sind die Rückstellungen?", { seq: 1, id: id(0xc0), kind: "question", by: anna, at: NEW_YEAR }),
  entry(0xa0, "€ 25.000", { seq: 2, id: id(0xd0), kind: "answer", by: bernd, at: NEW_YEAR + 61_500, re: 1 }),
  entry(0xc0, "Export of entries 1 to 3 by the operator", {
    seq: 3,
    id: id(0xe0),
    kind: "export",
    by: operator,
    at: NEW_YEAR + 3_600_000,
  }),
] as const;

const node = hashChildren(entries[0].hash, entries[1].hash);
const root = hashChildren(node, entries[2].hash);
export const checkpoint = signCheckpoint({ origin, size: 3, root }, logKey);
export const keys = formatExportKeys({
  address: `redroom://room.example:4433/#sha256-${server.pin.toString("base64url")}`,
  serverKey: server.publicKey,
  logKey: { name: origin, publicKey: logKey.publicKey },
  logKeyCertificate: Buffer.from(CERTIFICATE, "base64"),
});
export const directory = formatExportDirectory({
  title: "Share Deal",
  people: new Map([
    [anna, "anna"],
    [bernd, "bernd"],
    [operator, "operator"],
  ]),
});
export const lines = entries.map((one) => `${formatExportEntry(one)}\n`).join("");

const block = (title: string, text: string, language = ""): string =>
  `**${title}**\n\n\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`;

/** The part of docs/evidence.md between the markers of the worked example. */
export const workedExample = [
  ...entries.flatMap(({ leaf, content, salt, hash }, index) => [
    block(
      `Entry ${index + 1}`,
      `leaf        ${leaf}\ncontent     ${content}\nsalt        ${hex(salt)}\nleaf hash   ${hex(hash)}`,
    ),
  ]),
  block("Tree", `node over 1 and 2   ${hex(node)}\nroot of all 3       ${hex(root)}`),
  block(
    "Log key",
    [
      `private key  ${hex(seed)}`,
      `public key   ${hex(logKey.publicKey)}`,
      `verifier     ${formatVerifier({ name: origin, publicKey: logKey.publicKey })}`,
    ].join("\n"),
  ),
  block("Checkpoint", checkpoint),
  block("Proof of entry 1", formatLogProof({ index: 0, hashes: [entries[1].hash, entries[2].hash], checkpoint })),
  block(
    "Certificate of the log key",
    [
      `statement    ${JSON.stringify(Buffer.from(logKeyStatement(logKey.publicKey)).toString())}`,
      `server key   ${hex(server.publicKey)}`,
      `pin          sha256-${server.pin.toString("base64url")}`,
      `signature    ${Buffer.from(CERTIFICATE, "base64").toString("hex")}`,
    ].join("\n"),
  ),
  block("entries.jsonl", lines, "json"),
  block("keys.json", keys, "json"),
  block("directory.json", directory, "json"),
].join("\n");
