import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RedRoomError } from "../../src/base/errors.ts";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/messages.ts";
import {
  type ClientSession,
  type ClientSessionEffect,
  type ClientSessionInput,
  initialClientSession,
  stepClientSession,
} from "../../src/session/client-session.ts";

const welcome: Message = {
  type: "welcome",
  version: 1,
  limits: DEFAULT_LIMITS,
  heartbeatMs: 1_000,
  logKey: "A".repeat(43),
};
const session: Message = {
  type: "session",
  session: "AAAAAAAAAAAAAAAAAAAAAA",
  user: { id: "u", name: "anna", admin: false },
};
const message = (content: Message): ClientSessionInput => ({ type: "message", message: content });
const lost: ClientSessionInput = { type: "lost", error: new RedRoomError("CONNECTION_LOST", "gone") };

function run(inputs: readonly (readonly [ClientSessionInput, number])[]) {
  let state: ClientSession = initialClientSession;
  const effects: ClientSessionEffect[] = [];
  for (const [input, now] of inputs) {
    const [next, wanted] = stepClientSession(state, input, now);
    state = next;
    effects.push(...wanted);
  }
  return { state, effects };
}

const online = [
  [{ type: "connect" }, 0],
  [{ type: "connected" }, 1],
  [message(welcome), 2],
  [message(session), 3],
] as const;

describe("the client's session", () => {
  it("dials, says hello, logs in after the welcome and is online with the server's limits", () => {
    const { state, effects } = run(online);
    expect(state).toMatchObject({ phase: "online", limits: DEFAULT_LIMITS, user: { name: "anna" } });
    expect(effects).toEqual([
      { type: "dial" },
      { type: "send", message: { type: "hello", versions: [1] } },
      { type: "login", logKey: new Uint8Array(32), logKeyCertificate: undefined },
      { type: "setTimer", at: 1_003 },
    ]);
  });

  it("pings at each interval while the server answers", () => {
    const { state, effects } = run([
      ...online,
      [{ type: "timer" }, 1_003],
      [message({ type: "pong", nonce: 0 }), 1_010],
      [{ type: "timer" }, 2_003],
    ]);
    expect(state.phase).toBe("online");
    expect(effects.slice(-2)).toEqual([
      { type: "send", message: { type: "ping", nonce: 1 } },
      { type: "setTimer", at: 3_003 },
    ]);
  });

  it("ends when the server is silent for more than two intervals, whatever the network says", () => {
    const { state } = run([
      ...online,
      [{ type: "timer" }, 1_003],
      [{ type: "timer" }, 2_003],
      [{ type: "timer" }, 3_004],
    ]);
    expect(state).toMatchObject({ phase: "failed", error: { code: "CONNECTION_LOST" } });
  });

  it("fails with the server's own words when the login is refused", () => {
    const { state } = run([
      ...online.slice(0, 3),
      [message({ type: "error", code: "LOGIN_FAILED", message: "unable to log in; wrong" }), 3],
    ]);
    expect(state).toMatchObject({
      phase: "failed",
      error: { code: "LOGIN_FAILED", message: "unable to log in; wrong" },
    });
  });

  it("refuses a version that it did not offer", () => {
    const { state, effects } = run([...online.slice(0, 2), [message({ ...welcome, version: 2 } as Message), 3]]);
    expect(state).toMatchObject({ phase: "failed", error: { code: "PROTOCOL_ERROR" } });
    expect(effects.at(-1)).toMatchObject({ type: "disconnect", code: 1 });
  });

  it("holds its invariants for every order of events", () => {
    const input = fc.constantFrom<ClientSessionInput>(
      { type: "connect" },
      { type: "connected" },
      message(welcome),
      message(session),
      message({ type: "pong", nonce: 0 }),
      message({ type: "ping", nonce: 0 }),
      message({ type: "error", code: "LOGIN_FAILED", message: "no" }),
      { type: "timer" },
      { type: "close" },
      lost,
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.nat(5_000)), { maxLength: 30 }), (events) => {
        let state: ClientSession = initialClientSession;
        let now = 0;
        const seen: ClientSessionEffect["type"][] = [];
        for (const [event, laterMs] of events) {
          now += laterMs;
          const before = state;
          const [next, effects] = stepClientSession(state, event, now);
          const over = before.phase === "closed" || before.phase === "failed";
          if (over) expect([next, effects]).toEqual([before, []]);
          for (const effect of effects) {
            if (effect.type === "dial") expect(seen).not.toContain("dial");
            if (effect.type === "login") expect(seen.filter((type) => type === "login")).toHaveLength(0);
            if (effect.type === "send") expect(seen).toContain("dial");
            if (effect.type === "setTimer") expect(effect.at).toBeGreaterThan(now);
            seen.push(effect.type);
          }
          // Who is online has a timer, set by the step that brought them there or by each tick.
          if (next.phase === "online" && (before.phase !== "online" || event.type === "timer")) {
            expect(effects.map(({ type }) => type)).toContain("setTimer");
          }
          if (next.phase === "online") expect(seen).toContain("login");
          state = next;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
