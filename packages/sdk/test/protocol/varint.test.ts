import { describe, expect, it } from "vitest";
import { MAX_VARINT, readVarint, varintSize, writeVarint } from "../../src/protocol/varint.ts";
import { unhex } from "./vectors.ts";

describe("varint", () => {
  // 37, 15293 and 494878333 are the examples of RFC 9000, appendix A.1.
  it.each([
    [0, "00"],
    [37, "25"],
    [63, "3f"],
    [64, "4040"],
    [15_293, "7bbd"],
    [16_383, "7fff"],
    [16_384, "80004000"],
    [494_878_333, "9d7f3e7d"],
    [MAX_VARINT, "bfffffff"],
  ])("writes and reads %i as %s", (value, hex) => {
    const bytes = unhex(hex);
    const target = new Uint8Array(8).fill(0xee);
    expect(writeVarint(target, 2, value)).toBe(2 + bytes.byteLength);
    expect(target).toEqual(Uint8Array.of(0xee, 0xee, ...bytes, ...new Uint8Array(6 - bytes.byteLength).fill(0xee)));
    expect(readVarint(target, 2)).toEqual({ value, size: bytes.byteLength });
    expect(varintSize(value)).toBe(bytes.byteLength);
  });

  it.each(["4025", "403f", "80000025", "80003fff", "c2197c5eff14e88c", "c0", "ff"])("refuses %s", (hex) => {
    expect(readVarint(unhex(hex), 0)).toBe("invalid");
  });

  it.each(["", "40", "7b", "80", "8000", "9d7f3e"])("waits for the rest of '%s'", (hex) => {
    expect(readVarint(unhex(hex), 0)).toBeUndefined();
  });
});
