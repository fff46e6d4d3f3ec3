/** The part of a QUIC packet that is in clear and the same in all versions (RFC 8999), read without native code. */
export interface LongHeader {
  readonly version: number;
  /** Version 1 only: 0 Initial, 1 0-RTT, 2 Handshake, 3 Retry. */
  readonly type: number;
  readonly destinationId: Buffer;
  readonly sourceId: Buffer;
}

export const QUIC_V1 = 1;
export const TYPE_INITIAL = 0;
/** The length of every connection id that we choose. */
export const CONNECTION_ID_BYTES = 20;
/** A client's first datagram is padded to this (RFC 9000 §14.1), so that answers never amplify. */
export const MIN_INITIAL_BYTES = 1200;

export const isLongHeader = (datagram: Buffer): boolean => ((datagram[0] ?? 0) & 0x80) !== 0;

/** @returns `undefined` when the datagram is too short to be one. */
export function readLongHeader(datagram: Buffer): LongHeader | undefined {
  if (datagram.length < 7) return undefined;
  const destinationEnd = 6 + datagram.readUInt8(5);
  if (datagram.length <= destinationEnd) return undefined;
  const sourceEnd = destinationEnd + 1 + datagram.readUInt8(destinationEnd);
  if (datagram.length < sourceEnd) return undefined;
  return {
    version: datagram.readUInt32BE(1),
    type: (datagram.readUInt8(0) >> 4) & 3,
    destinationId: datagram.subarray(6, destinationEnd),
    sourceId: datagram.subarray(destinationEnd + 1, sourceEnd),
  };
}

/** The key of our connection that a datagram belongs to, `undefined` when it cannot name one. */
export function routingKey(datagram: Buffer): string | undefined {
  if (isLongHeader(datagram)) {
    const header = readLongHeader(datagram);
    return header === undefined ? undefined : keyOf(header.destinationId);
  }
  return datagram.length > CONNECTION_ID_BYTES ? datagram.toString("latin1", 1, 1 + CONNECTION_ID_BYTES) : undefined;
}

export const keyOf = (connectionId: Buffer): string => connectionId.toString("latin1");

/** The answer to a client of another version: the list of ours (RFC 8999 §6). */
export function versionNegotiation({ destinationId, sourceId }: LongHeader): Buffer {
  return Buffer.concat([
    Buffer.of(0xc0, 0, 0, 0, 0, sourceId.length),
    sourceId,
    Buffer.of(destinationId.length),
    destinationId,
    Buffer.of(0, 0, 0, QUIC_V1),
  ]);
}
