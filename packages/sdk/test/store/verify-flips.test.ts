import { randomInt } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it } from "vitest";
import { verifyStore } from "../../src/sqlite.ts";
import { newRecord, rowsOf } from "./verify-world.ts";

/** `REDROOM_FLIPS=all npx vitest run verify-flips`: every byte of the small file and 2,000 of the large one. */
const ALL = process.env["REDROOM_FLIPS"] === "all";

/** Changes one byte after the other, and puts it back. @returns In how many cases a fault was found. */
async function flipEach(file: string, offsets: Iterable<number>): Promise<number> {
  const before = readFileSync(file);
  const rows = rowsOf(before);
  const names = readdirSync(dirname(file));
  const descriptor = openSync(file, "r+");
  let found = 0;
  try {
    for (const offset of offsets) {
      const mask = randomInt(1, 256);
      const byte = before[offset] ?? 0;
      writeSync(descriptor, Buffer.of(byte ^ mask), 0, 1, offset);
      const { faults } = await verifyStore(file);
      if (faults.length > 0) found += 1;
      else {
        const flipped = Buffer.from(before);
        flipped[offset] = byte ^ mask;
        expect(rowsOf(flipped), `byte ${offset} ^ ${mask}, and no fault`).toBe(rows);
      }
      writeSync(descriptor, Buffer.of(byte), 0, 1, offset);
    }
    // Neither did verifying change anything, nor is anything left beside the file.
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(dirname(file))).toEqual(names);
  } finally {
    closeSync(descriptor);
  }
  return found;
}

it(
  "a changed byte of a small file is found, or changes nothing that is on record",
  async () => {
    await using record = await newRecord();
    const size = readFileSync(record.file).byteLength;
    const step = ALL ? 1 : Math.ceil(size / 700);
    const start = randomInt(0, step);
    const offsets = Array.from({ length: Math.floor((size - start) / step) }, (_, n) => start + n * step);

    const found = await flipEach(record.file, [...Array(100).keys(), ...offsets]); // the header in any case

    console.info(`${found} of ${offsets.length + 100} flips in ${size} bytes were faults`);
    expect(found).toBeGreaterThan(0);
  },
  ALL ? 3_600_000 : 60_000,
);

it(
  "so is a random byte of a larger file",
  async () => {
    await using record = await newRecord(ALL ? 1_000 : 200);
    const size = readFileSync(record.file).byteLength;

    const found = await flipEach(
      record.file,
      Array.from({ length: ALL ? 2_000 : 150 }, () => randomInt(0, size)),
    );

    console.info(`${found} of ${ALL ? 2_000 : 150} flips in ${size} bytes were faults`);
    expect(found).toBeGreaterThan(0);
  },
  ALL ? 3_600_000 : 60_000,
);
