/**
 * Variable-length integers of QUIC (RFC 9000 §16), of at most four bytes: values below 2^30. The shortest form is the only
 * valid one, so that every frame has exactly one encoding.
 */
export const MAX_VARINT = 2 ** 30 - 1;

export function varintSize(value: number): 1 | 2 | 4 {
  if (value < 0x40) return 1;
  return value < 0x4000 ? 2 : 4;
}

/** @returns The offset behind the bytes written. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  switch (varintSize(value)) {
    case 1:
      target[offset] = value;
      return offset + 1;
    case 2:
      target[offset] = 0x40 | (value >> 8);
      target[offset + 1] = value & 0xff;
      return offset + 2;
    case 4:
      target[offset] = 0x80 | (value >> 24);
      target[offset + 1] = (value >> 16) & 0xff;
      target[offset + 2] = (value >> 8) & 0xff;
      target[offset + 3] = value & 0xff;
      return offset + 4;
  }
}

/** @returns The value and its size; `undefined` when bytes are missing; `"invalid"` when eight bytes long or not shortest. */
export function readVarint(
  source: Uint8Array,
  offset: number,
): { readonly value: number; readonly size: 1 | 2 | 4 } | "invalid" | undefined {
  const first = source[offset];
  if (first === undefined) return undefined;
  const prefix = first >> 6;
  if (prefix === 3) return "invalid";
  const size = prefix === 0 ? 1 : prefix === 1 ? 2 : 4;
  if (offset + size > source.byteLength) return undefined;
  let value = first & 0x3f;
  for (let index = 1; index < size; index += 1) value = value * 256 + (source[offset + index] ?? 0);
  return varintSize(value) === size ? { value, size } : "invalid";
}
