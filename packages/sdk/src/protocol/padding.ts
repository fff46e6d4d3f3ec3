/** No frame travels shorter than this: logins, acks and short messages all look alike. */
export const MIN_PADDED_BYTES = 256;

/**
 * The length that a frame of `length` bytes is padded to.
 *
 * Buckets are those of Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
 * PURBs", PETS 2019, §4.2): at these sizes less than a sixteenth longer, and a length tells O(log log n) bits.
 */
export function paddedLength(length: number): number {
  if (length <= MIN_PADDED_BYTES) return MIN_PADDED_BYTES;
  const exponent = 31 - Math.clz32(length);
  const kept = 32 - Math.clz32(exponent);
  const step = 2 ** (exponent - kept);
  return Math.ceil(length / step) * step;
}
