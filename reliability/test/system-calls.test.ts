import { describe, expect, it } from "vitest";
import { findDurable } from "../src/harness/system-calls.ts";

const find = (...lines: string[]) => findDurable(lines.join("\n"), "room.db", /anna \d+ /g, 0);

describe("system calls", () => {
  it("make a text durable with the first sync of its file that begins after its bytes were written", () => {
    const durable = find(
      "7 100.000000 fdatasync(23</d/room.db-wal>) = 0 <0.001000>",
      '7 101.000000 pwrite64(23</d/room.db-wal>, "\\0\\1anna 1 xxx", 4096, 0) = 4096 <0.000100>',
      "8 102.000000 fdatasync(24</d/other>) = 0 <0.001000>",
      "7 103.000000 fdatasync(23</d/room.db-wal>) = 0 <0.500000>",
      '7 104.000000 pwrite64(23</d/room.db-wal>, "anna 1 xxx", 4096, 0) = 4096 <0.000100>',
    );
    expect(durable).toEqual(new Map([["anna 1 ", { written: 101.0001, synced: 103.5 }]]));
  });

  it("are put together where another thread came between", () => {
    const durable = find(
      '7 101.000000 pwrite64(23</d/room.db-wal>, "anna 1 xxx", 4096, 0 <unfinished ...>',
      '8 101.100000 write(9</d/log>, "x", 1) = 1 <0.000010>',
      "7 101.200000 <... pwrite64 resumed>) = 4096 <0.200000>",
      "7 103.000000 fdatasync(23</d/room.db-wal> <unfinished ...>",
      '8 103.100000 write(9</d/log>, "x", 1) = 1 <0.000010>',
      "7 103.200000 <... fdatasync resumed>) = 0 <0.250000>",
    );
    expect(durable.get("anna 1 ")).toEqual({ written: 101.2, synced: 103.25 });
  });

  it("do not make it durable when the sync fails or began before the bytes were written", () => {
    const durable = find(
      "8 100.900000 fdatasync(23</d/room.db-wal> <unfinished ...>",
      '7 101.000000 pwrite64(23</d/room.db-wal>, "anna 1 xxx", 4096, 0) = 4096 <0.000100>',
      "8 101.200000 <... fdatasync resumed>) = 0 <0.300000>",
      "7 103.000000 fdatasync(23</d/room.db-wal>) = -1 EIO (Input/output error) <0.500000>",
    );
    expect(durable.size).toBe(0);
  });
});
