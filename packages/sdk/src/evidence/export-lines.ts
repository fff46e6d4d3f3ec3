import { concatBytes } from "../base/bytes.ts";

const LF = 0x0a;

/**
 * Splits bytes at line feeds, and only there. What stands behind the last one is a line too, unless it is empty. Never
 * holds more than a line and the chunk it was given.
 *
 * @param maxBytes A longer line is cut there, which no line of ours survives.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array): void => {
    const room = part.subarray(0, maxBytes - length);
    if (room.byteLength > 0) parts.push(room);
    length += room.byteLength;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      take(chunk.subarray(start, end));
      yield concatBytes(parts);
      [parts, length] = [[], 0];
      start = end + 1;
    }
    take(chunk.subarray(start));
  }
  if (length > 0) yield concatBytes(parts);
}
