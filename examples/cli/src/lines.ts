/** A line of input, without its end. */
export interface InputLine {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** A line has more than `maxBytes`; what it holds beyond that was not read. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";

  constructor(
    readonly lineNumber: number,
    readonly maxBytes: number,
  ) {
    super(`line ${lineNumber} has more than ${maxBytes} bytes`);
  }
}

export interface LineOptions {
  readonly maxBytes: number;
  /** A carriage return before the line feed belongs to the end of the line, as on Windows. */
  readonly crlf?: boolean;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits bytes at line feeds, and only there: U+2028 and the other line ends of Unicode are part of a text. The last line
 * counts without a line feed too. Never holds more than one line of `maxBytes` besides the chunk it was given.
 *
 * @throws {LineTooLong} Behind the lines before it.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, crlf = false }: LineOptions,
): AsyncGenerator<InputLine> {
  let number = 1;
  let parts: Uint8Array[] = [];
  let length = 0;

  const take = (part: Uint8Array): void => {
    length += part.byteLength;
    if (length > maxBytes + (crlf ? 1 : 0)) throw new LineTooLong(number, maxBytes);
    parts.push(part);
  };
  const finish = (): InputLine => {
    let bytes: Uint8Array = Buffer.concat(parts);
    if (crlf && bytes.at(-1) === CR) bytes = bytes.subarray(0, -1);
    if (bytes.byteLength > maxBytes) throw new LineTooLong(number, maxBytes);
    parts = [];
    length = 0;
    return { number: number++, bytes };
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      take(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    if (start < chunk.byteLength) take(chunk.subarray(start));
  }
  if (length > 0) yield finish();
}
