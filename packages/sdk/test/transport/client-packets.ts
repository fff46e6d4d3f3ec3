import { QUIC_V1, readLongHeader, TYPE_INITIAL } from "../../src/transport/quic/packet-header.ts";

export function isInitial(datagram: Buffer): boolean {
  return (datagram.readUInt8(0) & 0xf0) === 0xc0;
}

/**
 * Whether a client sends its first packet with the token that it was asked for. How many it has sent before says nothing: a
 * client whose process stood still for a second sends the one without a token again.
 */
export function hasToken(datagram: Buffer): boolean {
  const header = isInitial(datagram) ? readLongHeader(datagram) : undefined;
  if (header?.version !== QUIC_V1 || header.type !== TYPE_INITIAL) return false;
  return datagram.readUInt8(7 + header.destinationId.length + header.sourceId.length) !== 0;
}
