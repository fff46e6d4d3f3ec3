import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { RedRoomError } from "@redroom/sdk";
import {
  type Checkpoint,
  deliveryOf,
  type ExportCheck,
  type ExportReport,
  formatExportDirectory,
  formatExportEntry,
  formatExportKeys,
  formatExportReceipt,
  logKeyStatement,
  originOf,
  parseContent,
  parseLeaf,
  peopleIn,
  type VerifiedEntry,
  verifyExport,
} from "@redroom/sdk/evidence";
import type { TopicStore, TopicSummary } from "@redroom/sdk/store";
import { writePrivateFile } from "../write-file.ts";
import { VERIFY_INSTRUCTIONS } from "./instructions.ts";
import { PAGE_FOOT, pageEntry, pageHead, type Seen } from "./page.ts";
import { perspectiveOf, type Viewer } from "./perspective.ts";
import { Receipts } from "./receipts.ts";
import { VERIFY_PROGRAM } from "./verify-program.ts";

/** What is exported, for whom, and in whose name. */
export interface ExportJob {
  readonly store: Pick<TopicStore, "read" | "people" | "logKey">;
  readonly topic: TopicSummary;
  /** What the export is of, as it was signed. */
  readonly checkpoint: Checkpoint & { readonly note: string };
  /** The user who sees what is in it; `undefined` for the operator, who sees everything. */
  readonly as: Viewer | undefined;
  readonly address: string;
  /** PEM: the key that the address pins. */
  readonly privateKey: string;
}

const PAGE_ENTRIES = 500;

/**
 * Writes the files of an export into a folder, in memory that grows with its deliveries only. They are read again and
 * verified before this resolves, and the page for humans is written from what was verified.
 *
 * @throws {RedRoomError} `RECORD_DAMAGED` when the topic does not verify; `NOT_ALLOWED` when that user may not read it;
 * `STORE_UNAVAILABLE`.
 */
export async function writeExport(folder: string, job: ExportJob): Promise<ExportReport> {
  const { store, topic, checkpoint } = job;
  const file = (name: string): string => join(folder, name);
  const seen = await writeText(file("receipts.jsonl"), (writeReceipt) =>
    writeEntries(file("entries.jsonl"), writeReceipt, job),
  );

  const directory = await store.people(topic.id);
  const people = new Map([...seen.people].map((one) => [one, directory.get(one)?.name ?? ""]));
  const publicKey = await store.logKey();
  const keys = formatExportKeys({
    address: job.address,
    serverKey: createPublicKey(job.privateKey).export({ type: "spki", format: "der" }),
    logKey: { name: originOf(topic.id), publicKey },
    logKeyCertificate: certify(publicKey, job.privateKey),
  });
  const names = formatExportDirectory({ title: topic.title, people });
  await writePrivateFile(file("keys.json"), keys);
  await writePrivateFile(file("directory.json"), names);
  await writePrivateFile(file("checkpoint"), checkpoint.note);
  await writePrivateFile(file("VERIFY.md"), VERIFY_INSTRUCTIONS);
  await writePrivateFile(file("verify.py"), VERIFY_PROGRAM);

  const parts = {
    keys: utf8(keys),
    checkpoint: utf8(checkpoint.note),
    directory: utf8(names),
    entries: createReadStream(file("entries.jsonl")),
    receipts: createReadStream(file("receipts.jsonl")),
  };
  return writeText(file("index.html"), async (write) => {
    await write(pageHead({ ...job, ...seen, as: job.as?.name }));
    const onEntry = (entry: VerifiedEntry) => write(pageEntry(entry, people, seen));
    const verdict = await verifyExport(parts, { onEntry });
    if (!verdict.valid) throw damaged(topic, verdict);
    await write(PAGE_FOOT);
    return verdict;
  });
}

/** The server's key says which key signs its logs. */
function certify(logKey: Uint8Array, privateKey: string): Uint8Array {
  const key = createPrivateKey(privateKey);
  return sign(key.asymmetricKeyType === "ed25519" ? null : "sha256", logKeyStatement(logKey), key);
}

const withheld = { content: undefined, salt: undefined };

/** @returns What the other files are about. */
async function writeEntries(
  file: string,
  writeReceipt: Write,
  { store, topic, checkpoint, as }: ExportJob,
): Promise<Seen> {
  const sees = await perspectiveOf(as, { store, topic, size: checkpoint.size });
  return writeText(file, async (write) => {
    const receipts = new Receipts();
    const seen = { visible: 0, people: new Set<string>(), erasures: new Map<number, number>(), receipts };
    for (let from = 1; from <= checkpoint.size; ) {
      const page = await store.read(topic.id, { from, limit: Math.min(PAGE_ENTRIES, checkpoint.size - from + 1) });
      if (page.length === 0) throw damaged(topic, { check: "entry", seq: from });
      for (const entry of page) {
        const leaf = parseLeaf(entry.leaf);
        if (leaf === undefined) throw damaged(topic, { check: "entry", seq: entry.seq });
        for (const one of peopleIn(leaf)) seen.people.add(one);
        if (leaf.kind === "erasure" && leaf.re !== undefined) seen.erasures.set(leaf.re, leaf.seq);
        if (topic.regulated) receipts.unseal(leaf);
        const { content, salt } = sees(leaf) ? entry : withheld;
        if (content !== undefined) seen.visible += 1;
        const delivery = leaf.kind === "delivery" && deliveryOf(leaf, parseContent(content ?? "") ?? "");
        if (delivery) {
          receipts.add(leaf, delivery);
          await writeReceipt(`${formatExportReceipt(leaf, delivery)}\n`);
        }
        await write(`${formatExportEntry({ leaf: entry.leaf, content, salt })}\n`);
      }
      from += page.length;
    }
    return seen;
  });
}

type Write = (text: string) => void | Promise<void>;

const CHUNK_CHARACTERS = 64 * 1024;

/** Makes a file that only its owner may read, from as many pieces as there are. */
async function writeText<T>(file: string, produce: (write: Write) => Promise<T>): Promise<T> {
  const handle = await open(file, "wx", 0o600);
  try {
    let waiting = "";
    const result = await produce(async (text) => {
      waiting += text;
      if (waiting.length < CHUNK_CHARACTERS) return;
      const chunk = waiting;
      waiting = "";
      await handle.write(chunk);
    });
    await handle.write(waiting);
    await handle.sync();
    return result;
  } finally {
    await handle.close();
  }
}

const utf8 = (text: string): Uint8Array => Buffer.from(text);

const damaged = (topic: TopicSummary, { check, seq }: { check: ExportCheck; seq: number | undefined }): RedRoomError =>
  new RedRoomError(
    "RECORD_DAMAGED",
    `unable to export "${topic.title}"; its record does not verify (${check}${seq === undefined ? "" : ` ${seq}`})`,
    { remedy: "see what redroom-server verify says" },
  );
