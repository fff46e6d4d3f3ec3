import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RedRoomError } from "../../src/base/errors.ts";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/messages.ts";
import {
  type ServerSession,
  type ServerSessionEffect,
  type ServerSessionInput,
  startServerSession,
  stepServerSession,
} from "../../src/session/server-session.ts";

const settings = {
  limits: DEFAULT_LIMITS,
  heartbeatMs: 1_000,
  loginTimeoutMs: 5_000,
  logKey: "A".repeat(43),
  logKeyCertificate: undefined,
};
const message = (content: Message): ServerSessionInput => ({ type: "message", message: content });
const hello = message({ type: "hello", versions: [1] });
const login = message({ type: "login", name: "anna", password: "geheim" });
const accepted: ServerSessionInput = {
  type: "accepted",
  user: { id: "u", name: "anna", admin: false },
  sessionId: "AAAAAAAAAAAAAAAAAAAAAA",
};
const refused: ServerSessionInput = { type: "refused", error: new RedRoomError("LOGIN_FAILED", "no") };

function run(inputs: readonly (readonly [ServerSessionInput, number])[]) {
  const [first, firstEffects] = startServerSession(settings, 0);
  let state: ServerSession = first;
  const effects: ServerSessionEffect[] = [...firstEffects];
  for (const [input, now] of inputs) {
    const [next, wanted] = stepServerSession(state, input, settings, now);
    state = next;
    effects.push(...wanted);
  }
  return { state, effects };
}

describe("the server's session", () => {
  it("welcomes, checks the login once and goes online", () => {
    const { state, effects } = run([
      [hello, 1],
      [login, 2],
      [accepted, 3],
    ]);
    expect(state.phase).toBe("online");
    expect(effects.map(({ type }) => type)).toEqual(["setTimer", "send", "authenticate", "send", "online", "setTimer"]);
  });

  it("names both versions when the client offers none that it speaks", () => {
    const { state, effects } = run([[message({ type: "hello", versions: [7, 9] }), 1]]);
    expect(state.phase).toBe("over");
    expect(effects[1]).toMatchObject({
      message: { type: "error", code: "VERSION_UNSUPPORTED", message: expect.stringMatching(/7, 9.*speaks 1/) },
    });
  });

  it("sends away who has not logged in by the deadline, and not earlier", () => {
    const early = run([
      [hello, 1],
      [{ type: "timer" }, 4_999],
    ]);
    expect(early.state.phase).toBe("login");
    expect(early.effects.at(-1)).toEqual({ type: "setTimer", at: 5_000 });
    const late = run([
      [hello, 1],
      [{ type: "timer" }, 5_000],
    ]);
    expect(late.state.phase).toBe("over");
    expect(late.effects.at(-1)).toMatchObject({ type: "disconnect", code: 3 });
  });

  it("keeps a client that pings and drops one that is silent for three intervals", () => {
    const pinging = run([
      [hello, 0],
      [login, 0],
      [accepted, 0],
      [message({ type: "ping", nonce: 0 }), 2_900],
      [{ type: "timer" }, 3_000],
    ]);
    expect(pinging.state.phase).toBe("online");
    expect(pinging.effects.at(-1)).toEqual({ type: "setTimer", at: 5_900 });
    const silent = run([
      [hello, 0],
      [login, 0],
      [accepted, 0],
      [{ type: "timer" }, 3_000],
    ]);
    expect(silent.state.phase).toBe("over");
  });

  it("treats a second login, or a word out of turn, as a violation", () => {
    for (const inputs of [[login], [hello, hello], [hello, login, login]] as const) {
      const { state, effects } = run(inputs.map((input) => [input, 1] as const));
      expect(state.phase).toBe("over");
      expect(effects.at(-1)).toMatchObject({ type: "disconnect", code: 1 });
    }
  });

  it("never lets anybody online whom nobody accepted, and does nothing once it is over", () => {
    const input = fc.constantFrom<ServerSessionInput>(
      hello,
      login,
      accepted,
      refused,
      message({ type: "ping", nonce: 0 }),
      message({ type: "pong", nonce: 0 }),
      { type: "timer" },
      { type: "end" },
      { type: "shutdown" },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.nat(3_000)), { maxLength: 20 }), (events) => {
        let [state] = startServerSession(settings, 0);
        let now = 0;
        let checks = 0;
        for (const [event, laterMs] of events) {
          now += laterMs;
          const before = state;
          const [next, effects] = stepServerSession(state, event, settings, now);
          if (before.phase === "over") expect([next, effects]).toEqual([before, []]);
          for (const effect of effects) {
            if (effect.type === "authenticate") checks += 1;
            if (effect.type === "online")
              expect([before.phase, event.type, checks]).toEqual(["checking", "accepted", 1]);
            if (effect.type === "setTimer") expect(effect.at).toBeGreaterThanOrEqual(now);
          }
          if (next.phase === "over" && before.phase !== "over") expect(effects.at(-1)?.type).toBe("disconnect");
          state = next;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
