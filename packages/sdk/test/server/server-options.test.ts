import { RedRoomServer } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport } from "@redroom/sdk/transport";
import { describe, expect, it } from "vitest";
import { makeCertificate } from "../../src/testing/test-certificate.ts";

describe("the options of a server", () => {
  it.each([
    [{ heartbeatMs: 0 }, "heartbeatMs is 0"],
    [{ heartbeatMs: 1.5 }, "heartbeatMs is 1.5"],
    [{ heartbeatMs: Number.NaN }, "heartbeatMs is NaN"],
    [{ heartbeatMs: 2 ** 31 }, "heartbeatMs is 2147483648"],
    [{ loginTimeoutMs: -1 }, "loginTimeoutMs is -1"],
    [{ loginTimeoutMs: Number.POSITIVE_INFINITY }, "loginTimeoutMs is Infinity"],
  ])("refuse %o", (options, reason) => {
    expect(() => new RedRoomServer({ store: memoryStore(), transport: memoryTransport(), ...options })).toThrow(reason);
  });

  it("refuse a heartbeat that comes when QUIC has given the connection up already", () => {
    const make = (heartbeatMs: number) =>
      new RedRoomServer({ store: memoryStore(), tls: makeCertificate(), heartbeatMs });
    expect(() => make(20_001)).toThrow("not a whole number from 1 to 20000");
    expect(make(20_000)).toBeInstanceOf(RedRoomServer);
  });
});
