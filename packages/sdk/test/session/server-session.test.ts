import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RedRoomError } from "../../src/base/errors.ts";
import { CLOSE_CODES } from "../../src/protocol/close-code.ts";
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
const TOKEN = "A".repeat(43);
const message = (content: Message): ServerSessionInput => ({ type: "message", message: content });
const hello = message({ type: "hello", versions: [1] });
const login = message({ type: "login", name: "anna", password: "geheim" });
const resume = message({ type: "resume", token: TOKEN });
const ping = message({ type: "ping", nonce: 0 });
const admitted: ServerSessionInput = {
  type: "admitted",
  admission: {
    user: { id: "u", name: "anna", admin: false },
    sessionId: "AAAAAAAAAAAAAAAAAAAAAA",
    token: TOKEN,
    resumed: false,
    consent: undefined,
  },
};
const refused: ServerSessionInput = { type: "refused", error: new RedRoomError("LOGIN_FAILED", "no") };
const resumeRefused: ServerSessionInput = { type: "resumeRefused", error: new RedRoomError("SESSION_UNKNOWN", "no") };
const timer: ServerSessionInput = { type: "timer" };
const unavailable: ServerSessionInput = { type: "availability", available: false, message: "no disk" };
const available: ServerSessionInput = { type: "availability", available: true };
const dismissed: ServerSessionInput = { type: "dismissed", error: new RedRoomError("SESSION_REVOKED", "no"), code: 4 };
const dropped: ServerSessionInput = { type: "dropped", reason: "REPLACED", code: 4 };

function run(inputs: readonly (readonly [ServerSessionInput, number])[], refusal?: RedRoomError) {
  const [first, firstEffects] = startServerSession(settings, 0, refusal);
  let state: ServerSession = first;
  const effects: ServerSessionEffect[] = [...firstEffects];
  for (const [input, now] of inputs) {
    const [next, wanted] = stepServerSession(state, input, settings, now);
    state = next;
    effects.push(...wanted);
  }
  return { state, effects };
}

const online = [
  [hello, 0],
  [login, 0],
  [admitted, 0],
] as const;

describe("the server's session", () => {
  it("welcomes, checks the login once and goes online", () => {
    const { state, effects } = run([
      [hello, 1],
      [login, 2],
      [admitted, 3],
    ]);
    expect(state.phase).toBe("online");
    expect(effects.map(({ type }) => type)).toEqual(["setTimer", "send", "authenticate", "send", "online", "setTimer"]);
  });

  it("looks a token up, and after one in vain still takes a login, but no other token", () => {
    const inVain = run([
      [hello, 1],
      [resume, 2],
      [resumeRefused, 3],
    ]);
    expect(inVain.effects.slice(2)).toMatchObject([
      { type: "resume", token: TOKEN },
      { type: "send", message: { type: "resumeRefused", code: "SESSION_UNKNOWN" } },
      { type: "setTimer", at: 5_003 },
    ]);
    expect(stepServerSession(inVain.state, login, settings, 4)[0].phase).toBe("checking");
    expect(stepServerSession(inVain.state, resume, settings, 4)[0].phase).toBe("over");
  });

  it("names both versions when the client offers none that it speaks", () => {
    const { state, effects } = run([[message({ type: "hello", versions: [7, 9] }), 1]]);
    expect(state.phase).toBe("over");
    expect(effects[1]).toMatchObject({
      message: { type: "error", code: "VERSION_UNSUPPORTED", message: expect.stringMatching(/7, 9.*speaks 1/) },
    });
  });

  it("tells whoever is one too many when to come back", () => {
    const refusal = new RedRoomError("TOO_MANY_CONNECTIONS", "full", { retryable: true, retryAfterMs: 5_000 });
    const { state, effects } = run([[hello, 1]], refusal);
    expect(state.phase).toBe("over");
    expect(effects[1]).toMatchObject({ message: { code: "TOO_MANY_CONNECTIONS", retryAfterMs: 5_000 } });
  });

  it("sends away who has not logged in by the deadline, and not earlier", () => {
    const early = run([
      [hello, 1],
      [timer, 4_999],
    ]);
    expect(early.state.phase).toBe("entry");
    expect(early.effects.at(-1)).toEqual({ type: "setTimer", at: 5_000 });
    const late = run([
      [hello, 1],
      [timer, 5_000],
    ]);
    expect(late.state.phase).toBe("over");
    expect(late.effects.at(-1)).toMatchObject({ type: "disconnect", code: 3 });
  });

  it("waits longer for the check of a login that came in time, and not for ever", () => {
    const checking = [
      [hello, 1],
      [login, 4_999],
      [timer, 5_000],
    ] as const;
    expect(run(checking).state.phase).toBe("checking");
    expect(run(checking).effects.at(-1)).toEqual({ type: "setTimer", at: 34_999 });
    const late = run([...checking, [timer, 34_999]]);
    expect(late.effects.at(-2)).toMatchObject({ type: "send", message: { code: "TIMEOUT", retryable: true } });
    expect(late.effects.at(-1)).toMatchObject({ type: "disconnect", code: 3 });
  });

  it("keeps a client that pings and closes one that is silent for two intervals as unanswered", () => {
    const pinging = run([...online, [ping, 1_900], [timer, 2_000]]);
    expect(pinging.state.phase).toBe("online");
    expect(pinging.effects.at(-1)).toEqual({ type: "setTimer", at: 3_900 });
    const silent = run([...online, [timer, 2_000]]);
    expect(silent.state.phase).toBe("over");
    expect(silent.effects.at(-2)).toMatchObject({ message: { type: "goodbye", code: "TIMEOUT", retryable: true } });
    expect(silent.effects.at(-1)).toMatchObject({ type: "disconnect", code: CLOSE_CODES.unanswered });
  });

  it("gives a client another interval when it was the server that stood still", () => {
    const stopped = run([...online, [timer, 7_000]]);
    expect(stopped.state.phase).toBe("online");
    expect(stopped.effects.at(-1)).toEqual({ type: "setTimer", at: 8_000 });
    expect(stepServerSession(stopped.state, timer, settings, 8_000)[0].phase).toBe("over");
    const heard = stepServerSession(stopped.state, ping, settings, 7_001)[0];
    expect(stepServerSession(heard, timer, settings, 8_000)[0].phase).toBe("online");
  });

  it("confirms the token by the first ping, once", () => {
    const { effects } = run([...online, [ping, 1], [ping, 2]]);
    expect(effects.filter(({ type }) => type === "confirm")).toHaveLength(1);
  });

  it("tells of the store only what has changed", () => {
    const { effects } = run([...online, [available, 1], [unavailable, 2], [unavailable, 3], [available, 4]]);
    expect(effects.slice(-2)).toEqual([
      { type: "send", message: { type: "availability", available: false, message: "no disk" } },
      { type: "send", message: { type: "availability", available: true } },
    ]);
    expect(effects).toHaveLength(8);
  });

  it("lets a client that is sent away read why, and not one that is dropped", () => {
    expect(run([...online, [dismissed, 1]]).effects.slice(-2)).toMatchObject([
      { message: { type: "goodbye", code: "SESSION_REVOKED" } },
      { type: "disconnect", code: 4, lingering: true },
    ]);
    expect(run([...online, [dropped, 1]]).effects.at(-1)).toEqual({
      type: "disconnect",
      code: 4,
      reason: "REPLACED",
      lingering: false,
    });
  });

  it("treats a second login, or a word out of turn, as a violation", () => {
    for (const inputs of [[login], [resume], [hello, hello], [hello, login, login], [hello, login, resume]] as const) {
      const { state, effects } = run(inputs.map((input) => [input, 1] as const));
      expect(state.phase).toBe("over");
      expect(effects.at(-1)).toMatchObject({ type: "disconnect", code: 1, lingering: false });
    }
  });

  it("holds whatever comes in whatever order: nobody online whom nobody admitted, and nothing once it is over", () => {
    const input = fc.constantFrom<ServerSessionInput>(
      ...[hello, login, resume, admitted, refused, resumeRefused, ping, timer, unavailable, available],
      message({ type: "pong", nonce: 0 }),
      { type: "end" },
      dismissed,
      dropped,
    );
    const orderly = fc.constantFrom<readonly ServerSessionInput[]>(
      [],
      [hello],
      [hello, login],
      [hello, resume],
      [hello, resume, resumeRefused, login, admitted],
      [hello, login, admitted],
    );
    fc.assert(
      fc.property(orderly, fc.array(fc.tuple(input, fc.nat(3_000)), { maxLength: 20 }), (before, events) => {
        let [state] = startServerSession(settings, 0);
        let now = 0;
        const asked: string[] = [];
        let told = true;
        let confirmed = 0;
        for (const [event, laterMs] of [...before.map((each) => [each, 0] as const), ...events]) {
          now += laterMs;
          const previous = state;
          const [next, effects] = stepServerSession(state, event, settings, now);
          if (previous.phase === "over") expect([next, effects]).toEqual([previous, []]);
          for (const effect of effects) {
            if (effect.type === "authenticate" || effect.type === "resume") asked.push(effect.type);
            if (effect.type === "online")
              expect([previous.phase, event.type]).toEqual([
                previous.phase === "resuming" ? "resuming" : "checking",
                "admitted",
              ]);
            if (effect.type === "setTimer") expect(effect.at).toBeGreaterThanOrEqual(now);
            if (effect.type === "confirm") confirmed += 1;
            if (effect.type === "send" && effect.message.type === "availability") {
              expect(effect.message.available).toBe(!told);
              told = effect.message.available;
            }
            if (effect.type === "send" && effect.message.type === "pong") expect(previous.phase).toBe("online");
          }
          // One thing is looked up at a time: a token at most once, and a password at most once.
          expect([[], ["authenticate"], ["resume"], ["resume", "authenticate"]]).toContainEqual(asked);
          expect(confirmed).toBeLessThanOrEqual(1);
          if (next.phase === "over" && previous.phase !== "over") expect(effects.at(-1)?.type).toBe("disconnect");
          state = next;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("always ends a silent client, however late its own timers are, unless they are late each time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { maxLength: 5 }), (lateMs) => {
        let { state } = run(online);
        let dueAt = 2_000;
        for (const late of [...lateMs, 0]) {
          const now = dueAt + late;
          const [next, effects] = stepServerSession(state, timer, settings, now);
          state = next;
          if (state.phase === "over") break;
          const last = effects.at(-1);
          if (last?.type === "setTimer") dueAt = last.at;
        }
        expect(state.phase).toBe("over");
      }),
    );
  });
});
