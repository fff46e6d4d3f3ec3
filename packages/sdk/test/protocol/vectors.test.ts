import { execFile } from "node:child_process";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { fromBase64Url } from "../../src/base/bytes.ts";
import { openCheckpoint, originOf } from "../../src/evidence/checkpoint.ts";
import { LogFollower, LogTrust } from "../../src/evidence/log-follower.ts";
import { verifyLogKey } from "../../src/evidence/log-key.ts";
import { verifyLogProof } from "../../src/evidence/log-proof.ts";
import { hashLeaf } from "../../src/evidence/merkle.ts";
import { verifyConsistency } from "../../src/evidence/proofs.ts";
import { decodeMessage, encodeMessage } from "../../src/protocol/codec.ts";
import { unpackEntry } from "../../src/protocol/entry-body.ts";
import { createFrameDecoder } from "../../src/protocol/frame.ts";
import { DEFAULT_LIMITS, MAX_FRAME_BYTES_BEFORE_LOGIN, maxFrameBytes } from "../../src/protocol/limits.ts";
import { MESSAGES, type Message, type MessageOf } from "../../src/protocol/messages.ts";
import { thrownBy } from "./thrown-by.ts";
import { comparable, toMessage, unhex, vectors } from "./vectors.ts";

const afterLogin = maxFrameBytes(DEFAULT_LIMITS);

describe("golden vectors", () => {
  it("hold every message type", () => {
    expect(new Set(vectors.valid.map(({ message }) => message.type))).toEqual(new Set(Object.keys(MESSAGES)));
  });

  it.each(vectors.valid)("encode and decode $name", ({ message: written, hex }) => {
    const bytes = unhex(hex);
    const message = toMessage(written);
    expect(Buffer.compare(encodeMessage(message), bytes)).toBe(0);

    const [frame, ...more] = createFrameDecoder({ maxFrameBytes: afterLogin }).push(bytes);
    expect(more).toEqual([]);
    const decoded = decodeMessage(frame as NonNullable<typeof frame>);
    expect(comparable(decoded)).toEqual(comparable(message));
    expect(Object.keys(decoded)).toEqual(Object.keys(message));
  });

  it("do not depend on the order in which a program names the members", () => {
    for (const { message, hex } of vectors.valid) {
      expect(Buffer.compare(encodeMessage(reversed(toMessage(message))), unhex(hex)), message.type).toBe(0);
    }
  });

  it("hold nothing that a program adds to a message", () => {
    const user = { id: "1", name: "anna", admin: false, email: "anna@example.org" };
    const session = "AAECAwQFBgcICQoLDA0ODw";
    const bytes = encodeMessage({ type: "session", session, user });
    expect(Buffer.from(bytes).includes("example.org")).toBe(false);
  });

  it.each(vectors.invalid)("refuse $name", ({ hex, error, maxFrameBytes = afterLogin }) => {
    const bytes = unhex(hex);
    expect(thrownBy(() => read([bytes], maxFrameBytes))).toMatchObject({ name: "RedRoomError", code: error });
    const bytewise = Array.from(bytes.subarray(0, 5000), (_, index) => bytes.subarray(index, index + 1));
    if (bytes.byteLength <= bytewise.length) {
      expect(thrownBy(() => read(bytewise, maxFrameBytes))).toMatchObject({ name: "RedRoomError", code: error });
    }
  });

  it("of the handshake fit the frames allowed before the login", () => {
    const handshake = ["hello", "welcome", "login", "session"];
    for (const { message, hex } of vectors.valid.filter(({ message }) => handshake.includes(message.type))) {
      expect(read([unhex(hex)], MAX_FRAME_BYTES_BEFORE_LOGIN)).toEqual([toMessage(message)]);
    }
  });

  it("tell of one log, whose checkpoints and proofs hold, and whose key is certified", () => {
    const named = <T extends Message["type"]>(type: T) =>
      toMessage(vectors.valid.find(({ name }) => name === type)?.message ?? { type }) as MessageOf<T>;
    const hashes = (texts: readonly string[]) => texts.map((text) => fromBase64Url(text) ?? new Uint8Array());
    const { logKey, logKeyCertificate = "" } = named("welcome");
    const [publicKey = new Uint8Array(), certificate = new Uint8Array()] = hashes([logKey, logKeyCertificate]);
    expect(verifyLogKey(publicKey, certificate, serverKey())).toBe(true);

    const { topic, frontier, checkpoint = "" } = named("topicOpened");
    const log = { origin: originOf(topic.id), publicKey };
    const follower = new LogFollower(new LogTrust(log), { size: topic.head, peaks: hashes(frontier) });
    expect(follower.verify(checkpoint)).toBeUndefined();
    const { leaf } = unpackEntry(named("entry"));
    follower.append(hashLeaf(leaf));
    expect(hashes([named("placeholder").leafHash])[0]).toEqual(new Uint8Array(hashLeaf(leaf)));
    const { note } = named("checkpoint");
    expect(follower.verify(note)).toBeUndefined();

    expect(verifyLogProof(named("entryProof").proof, leaf, log)).toMatchObject({ size: 13 });
    const [first, second] = [openCheckpoint(checkpoint, log), openCheckpoint(note, log)];
    const { hashes: proof } = named("consistencyProof");
    expect(first && second && verifyConsistency(first, second, hashes(proof))).toBe(true);
    expect(named("historyRead")).toMatchObject({ head: second?.size, checkpoint: note, consistency: proof });
  });

  it("are what Python derives from the specification", async () => {
    const script = fileURLToPath(new URL("vectors.py", import.meta.url));
    const python = process.platform === "win32" ? "python" : "python3";
    const { stdout } = await promisify(execFile)(python, [script], { maxBuffer: 2 ** 24 });
    expect(JSON.parse(stdout)).toEqual(vectors);
  });
});

/** The key that certifies in the vectors: Ed25519, of the bytes 40 to 5f (SubjectPublicKeyInfo, DER). */
function serverKey(): Uint8Array {
  const seed = Uint8Array.from({ length: 32 }, (_, at) => 0x40 + at);
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const key = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
  return key.export({ format: "der", type: "spki" });
}

function read(chunks: readonly Uint8Array[], limit: number): Message[] {
  const decoder = createFrameDecoder({ maxFrameBytes: limit });
  return chunks.flatMap((chunk) => decoder.push(chunk)).map(decodeMessage);
}

/** The same value with the members of every object in reverse order. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, reversed(member)]);
  return Object.fromEntries(members.reverse()) as T;
}
