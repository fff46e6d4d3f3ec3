/** No frame travels shorter than this: logins, acks and short messages all look alike. */
export const MIN_PADDED_BYTES = 256;

/**
 * The length that a frame of `length` bytes is padded to.
 *
 * Buckets are those of Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
 * PURBs", PETS 2019, §4.2): at most 12 % longer, and a length tells O(log log n) bits.
 */
export function paddedLength(length: number): number {
  if (length <= MIN_PADDED_BYTES) return MIN_PADDED_BYTES;
  const exponent = Math.floor(Math.log2(length));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.ceil(length / step) * step;
}
