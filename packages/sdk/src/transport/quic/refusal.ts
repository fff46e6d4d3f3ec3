import { createCipheriv, createHmac } from "node:crypto";
import { type LongHeader, QUIC_V1 } from "./packet-header.ts";
import { CONNECTION_REFUSED } from "./quiche.ts";

const INITIAL_SALT = Buffer.from("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "hex");
const PACKET_NUMBER_BYTES = 4;
const TAG_BYTES = 16;
const SAMPLE_BYTES = 16;

/**
 * "No further connection now", as an answer to a client's first packet: an Initial packet with CONNECTION_CLOSE. Its keys
 * follow from the client's packet (RFC 9001 §5.2), so that nothing is kept and no handshake is computed for a client that
 * is turned away.
 */
export function refusal({ destinationId, sourceId }: LongHeader): Buffer {
  const secret = expand(hmac(INITIAL_SALT, destinationId), "server in", 32);
  const frame = Buffer.of(0x1c, CONNECTION_REFUSED, 0, 0);
  const length = PACKET_NUMBER_BYTES + frame.length + TAG_BYTES;
  const header = Buffer.concat([
    Buffer.of(0xc0 | (PACKET_NUMBER_BYTES - 1), 0, 0, 0, QUIC_V1, sourceId.length),
    sourceId,
    Buffer.of(destinationId.length),
    destinationId,
    Buffer.of(0, 0x40, length),
    Buffer.alloc(PACKET_NUMBER_BYTES), // packet number 0, so the nonce is the iv as it is
  ]);
  const seal = createCipheriv("aes-128-gcm", expand(secret, "quic key", 16), expand(secret, "quic iv", 12)).setAAD(
    header,
  );
  const sealed = Buffer.concat([seal.update(frame), seal.final(), seal.getAuthTag()]);

  const protect = createCipheriv("aes-128-ecb", expand(secret, "quic hp", 16), null);
  const mask = protect.update(sealed.subarray(0, SAMPLE_BYTES));
  const numberAt = header.length - PACKET_NUMBER_BYTES;
  header.writeUInt8(header.readUInt8(0) ^ (mask.readUInt8(0) & 0x0f), 0);
  for (let index = 0; index < PACKET_NUMBER_BYTES; index++)
    header.writeUInt8(mask.readUInt8(1 + index), numberAt + index);
  return Buffer.concat([header, sealed]);
}

const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac("sha256", key).update(data).digest();

/** HKDF-Expand-Label of TLS 1.3 (RFC 8446 §7.1) for up to 32 bytes. */
function expand(secret: Uint8Array, label: string, length: number): Buffer {
  const full = Buffer.from(`tls13 ${label}`);
  return hmac(secret, Buffer.concat([Buffer.of(0, length, full.length), full, Buffer.of(0, 1)])).subarray(0, length);
}
