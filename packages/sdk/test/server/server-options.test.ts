import { type Extension, RedRoomServer } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport } from "@redroom/sdk/transport";
import { describe, expect, it } from "vitest";
import { makeCertificate } from "../../src/testing/test-certificate.ts";

const somebody = () => ({ id: "u", name: "anna", admin: false });

describe("the options of a server", () => {
  it.each([
    [{ heartbeatMs: 0 }, "heartbeatMs is 0"],
    [{ heartbeatMs: 1.5 }, "heartbeatMs is 1.5"],
    [{ heartbeatMs: Number.NaN }, "heartbeatMs is NaN"],
    [{ heartbeatMs: 2 ** 31 }, "heartbeatMs is 2147483648"],
    [{ loginTimeoutMs: -1 }, "loginTimeoutMs is -1"],
    [{ loginTimeoutMs: Number.POSITIVE_INFINITY }, "loginTimeoutMs is Infinity"],
    [{ hookTimeoutMs: 0 }, "hookTimeoutMs is 0"],
    [{ hookTimeoutMs: 10_001 }, "hookTimeoutMs is 10001, not a whole number from 1 to 10000"],
    [{ extensions: {} as never }, "`extensions` is no array"],
    [{ extensions: [{}, undefined as never] }, "extension 2 is no object"],
    [{ onConnect: "yes" as never }, "onConnect is string, not a function"],
    [{ extensions: [{ afterAppend: {} as never }] }, "afterAppend is object, not a function"],
    [
      { authenticate: somebody, extensions: [{ name: "directory", authenticate: somebody }] },
      "only one extension can authenticate, not authenticate of the server's options and authenticate of directory",
    ],
    [{ extensions: [{ authenticate: somebody }], consent: { text: "I agree" } }, "not of `authenticate`"],
  ])("refuse %o", (options, reason) => {
    expect(() => new RedRoomServer({ store: memoryStore(), transport: memoryTransport(), ...options })).toThrow(reason);
  });

  it("need a login: that of an extension will do", () => {
    const { users: _, ...store } = { ...memoryStore(), users: undefined };
    const make = (extensions: readonly Extension[]) =>
      new RedRoomServer({ store: store as never, transport: memoryTransport(), extensions });
    expect(() => make([{ name: "audit" }])).toThrow("the store has no users");
    expect(make([{ authenticate: somebody }])).toBeInstanceOf(RedRoomServer);
  });

  it("refuse a heartbeat that comes when QUIC has given the connection up already", () => {
    const make = (heartbeatMs: number) =>
      new RedRoomServer({ store: memoryStore(), tls: makeCertificate(), heartbeatMs });
    expect(() => make(20_001)).toThrow("not a whole number from 1 to 20000");
    expect(make(20_000)).toBeInstanceOf(RedRoomServer);
  });
});
