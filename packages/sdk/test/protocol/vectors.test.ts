import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { fromBase64Url } from "../../src/base/bytes.ts";
import { openCheckpoint, originOf } from "../../src/evidence/checkpoint.ts";
import { verifyLogProof } from "../../src/evidence/log-proof.ts";
import { equalHashes, rootOf } from "../../src/evidence/merkle.ts";
import { decodeMessage, encodeMessage } from "../../src/protocol/codec.ts";
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
    const token = "A".repeat(43);
    const bytes = encodeMessage({ type: "session", session, token, resumed: false, user });
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
    const handshake = ["hello", "welcome", "login", "resume", "resumeRefused", "session"];
    for (const { message, hex } of vectors.valid.filter(({ message }) => handshake.includes(message.type))) {
      expect(read([unhex(hex)], MAX_FRAME_BYTES_BEFORE_LOGIN)).toEqual([toMessage(message)]);
    }
  });

  it("show a log that verifies: the one of docs/evidence.md", () => {
    const topicId = "AAECAwQFBgcICQoLDA0ODw";
    const log = { origin: originOf(topicId), publicKey: bytesOf(named("welcome", "welcome").logKey) };
    const head = openCheckpoint(named("checkpoint", "checkpoint").note, log);
    expect(head?.size).toBe(3);
    const { topic, frontier } = named("topicOpened", "topicOpened: live entries only");
    const root = rootOf({ size: topic.head, peaks: frontier.map(bytesOf) });
    expect(head && equalHashes(head.root, root)).toBe(true);
    const page = readFileSync(new URL("../../../../docs/evidence.md", import.meta.url), "utf8");
    const [, leaf = ""] = /^leaf +(\{.*"seq":1,.*\})$/m.exec(page) ?? [];
    expect(verifyLogProof(named("entryProof", "entryProof").proof, leaf, log)).toEqual(head);
  });

  it("are what Python derives from the specification", async () => {
    const script = fileURLToPath(new URL("vectors.py", import.meta.url));
    const python = process.platform === "win32" ? "python" : "python3";
    const { stdout } = await promisify(execFile)(python, [script], { maxBuffer: 2 ** 24 });
    expect(JSON.parse(stdout)).toEqual(vectors);
  });
});

function read(chunks: readonly Uint8Array[], limit: number): Message[] {
  const decoder = createFrameDecoder({ maxFrameBytes: limit });
  return chunks.flatMap((chunk) => decoder.push(chunk)).map(decodeMessage);
}

function named<T extends Message["type"]>(type: T, name: string): MessageOf<T> {
  const vector = vectors.valid.find((candidate) => candidate.name === name);
  if (vector?.message.type !== type) throw new Error(`no ${type} in a vector ${name}`);
  return toMessage(vector.message) as MessageOf<T>;
}

const bytesOf = (text: string): Uint8Array => fromBase64Url(text) ?? new Uint8Array();

/** The same value with the members of every object in reverse order. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, reversed(member)]);
  return Object.fromEntries(members.reverse()) as T;
}
