import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAddress } from "@redroom/sdk";
import { type ExportReport, verifyExport } from "@redroom/sdk/evidence";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { CommandFailure, usageFailure } from "../failure.ts";
import { jsonLine } from "../message-line.ts";
import { printable } from "../terminal/printable.ts";

export interface VerifyOptions {
  readonly address?: string;
  readonly checkpoint?: string;
  readonly json?: boolean;
}

/**
 * Checks an export offline and names the first fault.
 *
 * @throws {CommandFailure} `notVerified`, or `usage` when a file cannot be read or the address has no pin.
 */
export async function verify(folder: string, options: VerifyOptions, { texts, output }: Context): Promise<void> {
  const pin = options.address === undefined ? undefined : pinOf(options.address);
  const read = (name: string): Promise<Uint8Array> => readable(join(folder, name), (file) => readFile(file));
  const parts = {
    keys: await read("keys.json"),
    checkpoint: await read("checkpoint"),
    directory: await read("directory.json"),
    entries: bytesOf(join(folder, "entries.jsonl")),
    receipts: bytesOf(join(folder, "receipts.jsonl")),
  };
  const earlier =
    options.checkpoint === undefined ? undefined : await readable(options.checkpoint, (file) => readFile(file));
  const verdict = await readable(join(folder, "entries.jsonl"), () => verifyExport(parts, { pin, earlier }));
  if (!verdict.valid) {
    const { check, seq } = verdict;
    if (options.json) await output.line(jsonLine({ valid: false, check, seq }));
    throw new CommandFailure(EXIT_CODES.notVerified, `verify.${check}`, { seq: seq ?? "" });
  }
  if (options.json) {
    await output.line(jsonLine({ valid: true, ...asJson(verdict), addressChecked: pin !== undefined }));
    return;
  }
  const { checkpoint, title, visible, erased, withheld } = verdict;
  const { origin: log, size } = checkpoint;
  await output.line(texts("verify.done", { size, title: printable(title), log: printable(log) }));
  await output.line(texts("verify.counts", { visible, erased, withheld }));
  if (verdict.earlier !== undefined) {
    const { signed } = verdict.earlier;
    await output.line(texts(signed ? "verify.continues" : "verify.continuesOther", { size: verdict.earlier.size }));
  }
  await output.line(texts(pin === undefined ? "verify.comparePin" : "verify.samePin", { pin: pinText(verdict.pin) }));
}

/** Opened when it is read, so that it cannot fail where nobody listens. */
async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(file);
}

function pinOf(address: string): Uint8Array {
  const { pin } = parseAddress(address);
  if (pin === undefined) throw usageFailure("failure.addressWithoutPin");
  return pin;
}

const pinText = (pin: Uint8Array): string => `sha256-${Buffer.from(pin).toString("base64url")}`;

function asJson({ checkpoint, title, visible, erased, withheld, pin, earlier }: ExportReport): object {
  const { origin: log, size: entries, root } = checkpoint;
  const rootText = Buffer.from(root).toString("base64");
  return { log, title, entries, root: rootText, visible, erased, withheld, pin: pinText(pin), earlier };
}

async function readable<T>(file: string, read: (file: string) => Promise<T>): Promise<T> {
  try {
    return await read(file);
  } catch (cause) {
    const { code, syscall, path = file } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause;
    throw usageFailure("failure.fileUnreadable", { file: path, code: code ?? "" });
  }
}
