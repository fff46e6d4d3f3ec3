import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const RETRY_TOKEN_LIFETIME_MS = 10_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TIME_BYTES = 6;
const ALGORITHM = "aes-128-gcm";

/** Whom a token is for: it is worth nothing at another address or for another connection id. */
export interface TokenBearer {
  readonly host: string;
  readonly port: number;
  /** The connection id that the Retry told the client to use. */
  readonly connectionId: Buffer;
}

/**
 * Tokens of Retry packets: they prove that the client receives what is sent to its address, before anything is kept for
 * it. Encrypted under a key of this endpoint, so that nothing in them can be read or changed on the way.
 */
export class RetryTokens {
  readonly #key = randomBytes(16);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  seal(bearer: TokenBearer, originalId: Buffer): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(bearerBytes(bearer));
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(this.#now(), 0, TIME_BYTES);
    const sealed = Buffer.concat([cipher.update(time), cipher.update(originalId), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
  }

  /** @returns the connection id that the client chose first; `undefined` for a token forged, foreign or expired. */
  open(bearer: TokenBearer, token: Uint8Array): Buffer | undefined {
    if (token.byteLength < NONCE_BYTES + TIME_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.#key, token.subarray(0, NONCE_BYTES))
      .setAAD(bearerBytes(bearer))
      .setAuthTag(token.subarray(-TAG_BYTES));
    let opened: Buffer;
    try {
      opened = Buffer.concat([decipher.update(token.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
    const ageMs = this.#now() - opened.readUIntBE(0, TIME_BYTES);
    return ageMs >= 0 && ageMs <= RETRY_TOKEN_LIFETIME_MS ? opened.subarray(TIME_BYTES) : undefined;
  }
}

const bearerBytes = ({ host, port, connectionId }: TokenBearer): Buffer =>
  Buffer.concat([Buffer.from(`${host} ${port} `), connectionId]);
