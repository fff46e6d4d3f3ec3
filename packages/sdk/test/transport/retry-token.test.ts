import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/testing.ts";
import { RetryTokens } from "../../src/transport/quic/retry-token.ts";

const originalId = Buffer.from("0123456789abcdef", "hex");
const bearer = { host: "192.0.2.7", port: 50_000, connectionId: Buffer.alloc(20, 7) };

function world() {
  const clock = new ManualClock();
  const tokens = new RetryTokens(() => clock.now());
  return { clock, tokens, token: tokens.seal(bearer, originalId) };
}

describe("a retry token", () => {
  it("gives its bearer's original connection id back, for ten seconds", () => {
    const { clock, tokens, token } = world();
    expect(tokens.open(bearer, token)).toEqual(originalId);
    clock.advance(10_000);
    expect(tokens.open(bearer, token)).toEqual(originalId);
    clock.advance(1);
    expect(tokens.open(bearer, token)).toBeUndefined();
  });

  it("is worth nothing at another address, at another port or for another connection id", () => {
    const { tokens, token } = world();
    expect(tokens.open({ ...bearer, host: "192.0.2.8" }, token)).toBeUndefined();
    expect(tokens.open({ ...bearer, port: 50_001 }, token)).toBeUndefined();
    expect(tokens.open({ ...bearer, connectionId: Buffer.alloc(20, 8) }, token)).toBeUndefined();
  });

  it("is worth nothing when a bit of it was changed, or another endpoint made it", () => {
    const { tokens, token } = world();
    for (let index = 0; index < token.length; index++) {
      const forged = Buffer.from(token);
      forged.writeUInt8(forged.readUInt8(index) ^ 1, index);
      expect(tokens.open(bearer, forged)).toBeUndefined();
      expect(tokens.open(bearer, token.subarray(0, index))).toBeUndefined();
    }
    expect(world().tokens.open(bearer, token)).toBeUndefined();
  });

  it("shows nothing that it holds", () => {
    const { token } = world();
    const text = token.toString("latin1");
    expect(text).not.toContain(bearer.host);
    expect(text).not.toContain(originalId.toString("latin1"));
  });
});
