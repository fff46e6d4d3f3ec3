import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RedRoomError } from "../../src/base/errors.ts";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/messages.ts";
import type {
  ClientSession,
  ClientSessionEffect,
  ClientSessionInput,
  ClientSessionSettings,
} from "../../src/session/client-phases.ts";
import { initialClientSession, stepClientSession } from "../../src/session/client-session.ts";
import { type ClientState, type StateChange, stateChange } from "../../src/session/client-state.ts";

const welcome: Message = {
  type: "welcome",
  version: 1,
  limits: DEFAULT_LIMITS,
  heartbeatMs: 1_000,
  logKey: "A".repeat(43),
};
const TOKENS = ["A", "E", "I"].map((last) => `${"B".repeat(42)}${last}`);
const session = (resumed = false, token = TOKENS[0] ?? "", id = "u"): Message => ({
  type: "session",
  session: "AAAAAAAAAAAAAAAAAAAAAA",
  token,
  resumed,
  user: { id, name: "anna", admin: false },
});
const error = (code: "LOGIN_FAILED" | "STORE_UNAVAILABLE" | "TOO_MANY_REQUESTS", retryAfterMs?: number): Message => ({
  type: "error",
  code,
  message: "unable to log in; no",
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const goodbye = (code: "SHUTTING_DOWN" | "SESSION_REVOKED", retryAfterMs?: number): Message => ({
  type: "goodbye",
  code,
  message: "unable to go on; bye",
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const resumeRefused: Message = { type: "resumeRefused", code: "SESSION_UNKNOWN", message: "unable to resume" };
const pong = (nonce: number): Message => ({ type: "pong", nonce });
const away: Message = { type: "availability", available: false, message: "unable to write; the disk is full" };
const back: Message = { type: "availability", available: true };

const says = (content: Message): ClientSessionInput => ({ type: "message", message: content });
const lost: ClientSessionInput = { type: "lost", error: new RedRoomError("CONNECTION_LOST", "gone") };
const auth = { name: "anna", password: "secret" };
const given: ClientSessionInput = { type: "credentials", credentials: auth };

const SETTINGS: ClientSessionSettings = {
  timeoutMs: 10_000,
  heartbeatMs: undefined,
  reconnect: { minDelayMs: 200, maxDelayMs: 15_000 },
  asksAgain: false,
};

/** A session that is driven by hand, at a time of its own. */
function drive(options: Partial<ClientSessionSettings> = {}, random = 0.5) {
  const settings = { ...SETTINGS, ...options };
  let now = 0;
  let state: ClientSession = initialClientSession;
  const changes: StateChange[] = [];
  const driven = {
    changes,
    get state() {
      return state;
    },
    get due() {
      return "due" in state ? state.due : undefined;
    },
    /** @returns What the last input asks for. */
    take(...inputs: ClientSessionInput[]): readonly ClientSessionEffect[] {
      let last: readonly ClientSessionEffect[] = [];
      for (const input of inputs) {
        const [next, effects] = stepClientSession(state, input, settings, { now, random });
        const change = stateChange(state, next, now);
        if (change !== undefined) changes.push(change);
        state = next;
        last = effects;
      }
      return last;
    },
    /** Lets the timer fire, late or not. */
    fire(lateMs = 0): readonly ClientSessionEffect[] {
      now = (driven.due ?? now) + lateMs;
      return driven.take({ type: "timer" });
    },
    pass(ms: number): void {
      now += ms;
    },
  };
  return driven;
}

/** Up to a session, as it goes when nothing is wrong. */
function online(options: Partial<ClientSessionSettings> = {}, random = 0.5) {
  const driven = drive(options, random);
  driven.take({ type: "connect" }, given, { type: "connected" }, says(welcome), says(session()));
  return driven;
}

const types = (effects: readonly ClientSessionEffect[]) => effects.map(({ type }) => type);
const sent = (effects: readonly ClientSessionEffect[]) =>
  effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));

describe("the client's session", () => {
  it("has the credentials before it dials, says hello, logs in, and pings at once", () => {
    const driven = drive();
    expect(driven.take({ type: "connect" })).toEqual([{ type: "ask", refused: undefined }]);
    expect(driven.take(given)).toEqual([{ type: "dial" }]);
    expect(sent(driven.take({ type: "connected" }))).toEqual([{ type: "hello", versions: [1] }]);
    expect(sent(driven.take(says(welcome)))).toEqual([{ type: "login", ...auth }]);
    expect(sent(driven.take(says(session())))).toEqual([{ type: "ping", nonce: 0 }]);
    expect(driven.state).toMatchObject({
      phase: "online",
      established: { limits: DEFAULT_LIMITS, user: { name: "anna" }, token: TOKENS[0] },
    });
    expect(driven.changes.map(({ previous, state }) => `${previous} → ${state}`)).toEqual([
      "idle → connecting",
      "connecting → authenticating",
      "authenticating → online",
    ]);
  });

  it("fails with the server's own words when the first login is refused, and with any other first failure", () => {
    const driven = drive();
    driven.take({ type: "connect" }, given, { type: "connected" }, says(welcome), says(error("LOGIN_FAILED")));
    expect(driven.state).toMatchObject({ phase: "failed", cause: { code: "LOGIN_FAILED" } });
    const unreached = drive();
    unreached.take({ type: "connect" }, given, lost);
    expect(unreached.state).toMatchObject({ phase: "failed", cause: { code: "CONNECTION_LOST" } });
  });

  it("refuses a version that it did not offer", () => {
    const driven = drive();
    driven.take({ type: "connect" }, given, { type: "connected" });
    const effects = driven.take(says({ ...welcome, version: 2 } as Message));
    expect(driven.state).toMatchObject({ phase: "failed", cause: { code: "PROTOCOL_ERROR" } });
    expect(effects.at(-1)).toMatchObject({ type: "disconnect", code: 1 });
  });

  it("is final when a lost connection is not to be made again", () => {
    const driven = online({ reconnect: undefined });
    driven.take(lost);
    expect(driven.state).toMatchObject({ phase: "failed", cause: { code: "CONNECTION_LOST" } });
  });
});

describe("a connection that is lost", () => {
  it("is made again at once, and the session is resumed with its token, without credentials", () => {
    const driven = online();
    driven.take(says(pong(0)));
    driven.fire();
    expect(types(driven.take(lost))).toContain("dial");
    expect(driven.state.phase).toBe("resuming");
    driven.take({ type: "connected" });
    expect(sent(driven.take(says(welcome)))).toEqual([{ type: "resume", token: TOKENS[0] }]);
    driven.take(says(session(true, TOKENS[1])));
    expect(driven.state).toMatchObject({ phase: "online", established: { token: TOKENS[1] } });
  });

  it("is tried for ever, with a longer wait each time, up to the limit, spread at random", () => {
    const driven = online({}, 0.5);
    driven.take(lost);
    const waits: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 40; attempt += 1) {
      driven.take(lost);
      waits.push(driven.changes.at(-1)?.retryInMs);
      expect(driven.changes.at(-1)).toMatchObject({ state: "offline", code: "CONNECTION_LOST", reason: "gone" });
      expect(types(driven.fire())).toEqual(["dial"]);
    }
    expect(waits.slice(0, 9)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 7_500, 7_500]);
    expect(new Set(waits.slice(9))).toEqual(new Set([7_500]));
  });

  it("waits as long as the server asked for, and some of it more, so that not all return at once", () => {
    const waits = [0, 0.999].map((random) => {
      const driven = online({}, random);
      driven.take(says(goodbye("SHUTTING_DOWN", 3_000)));
      return driven.changes.at(-1)?.retryInMs;
    });
    expect(waits).toEqual([3_000, 5_997]);
  });

  it("is not made again in a circle without a pause when each session ends at once", () => {
    const driven = online();
    driven.take(lost, { type: "connected" }, says(welcome), says(session(true)));
    expect(driven.state.phase).toBe("online");
    driven.take(lost);
    expect(driven.state.phase).toBe("offline");
  });

  it("is tried at once when somebody cannot wait, and never by two dials", () => {
    const driven = online();
    driven.take(lost, lost);
    expect(driven.state.phase).toBe("offline");
    expect(types(driven.take({ type: "connectNow" }))).toEqual(["dial"]);
    expect(types(driven.take({ type: "connectNow" }))).toEqual([]);
  });

  it("is given up when an attempt takes too long, and tried again", () => {
    const driven = online();
    driven.take(lost);
    expect(types(driven.fire())).toContain("disconnect");
    expect(driven.changes.at(-1)).toMatchObject({ state: "offline", code: "TIMEOUT" });
  });

  it("logs in on the same connection when the server no longer knows the session", () => {
    const driven = online();
    driven.take(lost, { type: "connected" }, says(welcome));
    expect(types(driven.take(says(resumeRefused)))).toEqual(["ask"]);
    expect(sent(driven.take(given))).toEqual([{ type: "login", ...auth }]);
    driven.take(says(session(false, TOKENS[1])));
    expect(driven.state).toMatchObject({ phase: "online", established: { token: TOKENS[1] } });
  });

  it("dials with the credentials that came too late for the connection they were asked for on", () => {
    const driven = online();
    driven.take(lost, { type: "connected" }, says(welcome), says(resumeRefused), lost);
    expect(driven.state.phase).toBe("resuming");
    expect(types(driven.take(given))).toEqual(["dial"]);
    expect(sent(driven.take({ type: "connected" }, says(welcome)))).toEqual([{ type: "login", ...auth }]);
  });

  it("keeps the old token when the new one did not arrive", () => {
    const driven = online();
    driven.take(lost, { type: "connected" }, says(welcome), lost);
    driven.fire();
    expect(sent(driven.take({ type: "connected" }, says(welcome)))).toEqual([{ type: "resume", token: TOKENS[0] }]);
  });

  it("ends the client when the login gives another person's session: what waits is not theirs", () => {
    const driven = online();
    driven.take(lost, { type: "connected" }, says(welcome), says(resumeRefused), given);
    driven.take(says(session(false, TOKENS[1], "somebody else")));
    expect(driven.state).toMatchObject({ phase: "failed", cause: { code: "LOGIN_FAILED" } });
  });
});

describe("credentials", () => {
  it("are asked for anew when the session was revoked, and refused ones end it", () => {
    const driven = online();
    expect(types(driven.take(says(goodbye("SESSION_REVOKED"))))).toContain("ask");
    expect(driven.state.phase).toBe("resuming");
    driven.take(given, { type: "connected" }, says(welcome), says(error("LOGIN_FAILED")));
    expect(driven.state).toMatchObject({ phase: "failed", cause: { code: "LOGIN_FAILED" } });
  });

  it("are asked for once more, with what was wrong, where they come from a function", () => {
    const driven = drive({ asksAgain: true });
    driven.take({ type: "connect" }, given, { type: "connected" }, says(welcome));
    const effects = driven.take(says(error("LOGIN_FAILED")));
    expect(effects.at(-1)).toMatchObject({ type: "ask", refused: { code: "LOGIN_FAILED" } });
    driven.take(given, { type: "connected" }, says(welcome), says(error("LOGIN_FAILED")));
    expect(driven.state).toMatchObject({ phase: "failed", cause: { code: "LOGIN_FAILED" } });
  });

  it("that cannot be had now, or never come, are asked for again later", () => {
    const unavailable = new RedRoomError("CREDENTIALS_UNAVAILABLE", "unable to obtain credentials; HTTP 503");
    const driven = online();
    driven.take(says(goodbye("SESSION_REVOKED")), { type: "noCredentials", error: unavailable });
    expect(driven.changes.at(-1)).toMatchObject({ state: "offline", code: "CREDENTIALS_UNAVAILABLE" });
    expect(types(driven.fire())).toEqual(["ask"]);
    expect(types(driven.fire())).toContain("withdraw");
    expect(driven.changes.at(-1)).toMatchObject({ state: "offline", code: "TIMEOUT" });
    expect(types(driven.fire())).toEqual(["ask"]);
  });
});

describe("the heartbeat", () => {
  it("pings at each interval while the server answers, at the shorter one that both want", () => {
    const driven = online({ heartbeatMs: 300 });
    expect(driven.due).toBe(300);
    for (let nonce = 0; nonce < 5; nonce += 1) {
      driven.take(says(pong(nonce)));
      expect(sent(driven.fire())).toEqual([{ type: "ping", nonce: nonce + 1 }]);
    }
    expect(driven.due).toBe(1_800);
  });

  it("notices a dead link within two intervals", () => {
    const driven = online();
    driven.take(says(pong(0)));
    driven.fire();
    expect(driven.state.phase).toBe("online");
    expect(types(driven.fire())).toEqual(["disconnect", "dial"]);
    expect(driven.due).toBe(12_000);
    expect(driven.changes.at(-1)).toMatchObject({ state: "resuming", code: "CONNECTION_LOST" });
  });

  it("does not take the peer for dead when it was we who slept", () => {
    const driven = online();
    expect(sent(driven.fire(20_000))).toEqual([{ type: "ping", nonce: 1 }]);
    expect(driven.state.phase).toBe("online");
    driven.take(says(pong(1)));
    driven.fire();
    expect(driven.state.phase).toBe("online");
    driven.fire();
    expect(driven.state.phase).toBe("resuming");
  });

  it("accepts no answer to a ping that was never sent", () => {
    const driven = online();
    driven.take(says(pong(1)));
    expect(driven.state).toMatchObject({ phase: "failed", cause: { code: "PROTOCOL_ERROR" } });
  });
});

describe("a record that is not available", () => {
  it("is a state with the reason, and ends with the word of the server", () => {
    const driven = online();
    driven.take(says(away));
    expect(driven.changes.at(-1)).toEqual({
      state: "unavailable",
      previous: "online",
      code: "STORE_UNAVAILABLE",
      reason: "unable to write; the disk is full",
    });
    driven.take(says(pong(0)));
    expect(sent(driven.fire())).toEqual([{ type: "ping", nonce: 1 }]);
    driven.take(says(back));
    expect(driven.changes.at(-1)).toEqual({ state: "online", previous: "unavailable" });
  });
});

const LEGAL: Readonly<Record<ClientState, readonly ClientState[]>> = {
  idle: ["connecting", "closed", "failed"],
  connecting: ["authenticating", "closed", "failed"],
  authenticating: ["online", "connecting", "closed", "failed"],
  online: ["unavailable", "resuming", "offline", "closed", "failed"],
  unavailable: ["online", "resuming", "offline", "closed", "failed"],
  resuming: ["online", "offline", "closed", "failed"],
  offline: ["resuming", "closed", "failed"],
  closed: [],
  failed: [],
};

const anyInput = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom<ClientSessionInput>(
      { type: "connect" },
      given,
      { type: "connected" },
      says(welcome),
      says(session(false)),
      says(session(true)),
      says(resumeRefused),
      { type: "timer" },
      lost,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<ClientSessionInput>(
      says(away),
      says(back),
      says(error("LOGIN_FAILED")),
      says(error("TOO_MANY_REQUESTS", 500)),
      says(goodbye("SESSION_REVOKED")),
      says(goodbye("SHUTTING_DOWN", 500)),
      { type: "noCredentials", error: new RedRoomError("CREDENTIALS_UNAVAILABLE", "no") },
      { type: "connectNow" },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<ClientSessionInput>(
      says({ type: "ping", nonce: 0 }),
      says(session(false, TOKENS[2], "somebody else")),
      { type: "fail", error: new RedRoomError("LOG_FORK", "two logs") },
      { type: "close" },
    ),
  },
  { weight: 4, arbitrary: fc.nat(3).map((nonce) => says(pong(nonce))) },
);

/** What the outside world is after what the machine has asked for. */
interface World {
  /** Dials or connections that were asked for and have not ended. */
  links: number;
  asking: boolean;
}

/** What happens to the world by itself: only what can happen is given to the machine. */
function possible(input: ClientSessionInput, world: World): boolean {
  if (input.type === "credentials" || input.type === "noCredentials") return world.asking;
  if (input.type === "connected" || input.type === "message" || input.type === "lost") return world.links > 0;
  return true;
}

describe("whatever happens in whatever order", () => {
  const history = fc.array(fc.tuple(anyInput, fc.nat(3_000)), { maxLength: 60 });
  const settings = fc.record({
    timeoutMs: fc.constant(10_000),
    heartbeatMs: fc.constantFrom(undefined, 500),
    reconnect: fc.constantFrom(undefined, SETTINGS.reconnect),
    asksAgain: fc.boolean(),
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("no transition is illegal, final is final, a timer waits exactly when one is needed, and nothing is dialled twice", () => {
    fc.assert(
      fc.property(history, settings, random, (inputs, given_, chance) => {
        const world: World = { links: 0, asking: false };
        let state: ClientSession = initialClientSession;
        let now = 0;
        for (const [input, laterMs] of inputs) {
          now += laterMs;
          if (!possible(input, world)) continue;
          if (input.type === "lost") world.links -= 1;
          if (input.type === "credentials" || input.type === "noCredentials") world.asking = false;
          const before = state;
          const [next, effects] = stepClientSession(before, input, given_, { now, random: chance });
          const change = stateChange(before, next, now);
          if (change !== undefined) expect(LEGAL[change.previous]).toContain(change.state);
          if (before.phase === "closed" || before.phase === "failed") expect([next, effects]).toEqual([before, []]);
          for (const effect of effects) apply(effect, world);
          const idle = next.phase === "idle" || next.phase === "closed" || next.phase === "failed";
          expect("due" in next).toBe(!idle);
          if ("due" in next && next !== before && input.type === "timer") expect(next.due).toBeGreaterThanOrEqual(now);
          if (next.phase === "closed" || next.phase === "failed")
            expect(world).toMatchObject({ links: 0, asking: false });
          if (next.phase === "offline") expect(world).toMatchObject({ links: 0, asking: false });
          if (next.phase === "online" || next.phase === "unavailable") expect(world).toMatchObject({ links: 1 });
          if (next.phase === "offline") expect(given_.reconnect).toBeDefined();
          state = next;
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("what is not final comes back online as soon as the network and the server are well again", () => {
    fc.assert(
      fc.property(history, random, (inputs, chance) => {
        const world: World = { links: 0, asking: false };
        let state: ClientSession = initialClientSession;
        let now = 0;
        const take = (input: ClientSessionInput): void => {
          if (!possible(input, world)) return;
          if (input.type === "lost") world.links -= 1;
          if (input.type === "credentials" || input.type === "noCredentials") world.asking = false;
          const [next, effects] = stepClientSession(state, input, SETTINGS, { now, random: chance });
          state = next;
          for (const effect of effects) apply(effect, world);
        };
        for (const [input, laterMs] of inputs) {
          now += laterMs;
          take(input);
        }
        const wasOnline = "established" in state && state.established !== undefined;
        if (!wasOnline) return;
        if (world.links > 0) take(lost);
        for (let rounds = 0; rounds < 4 && state.phase !== "online"; rounds += 1) {
          if (state.phase === "offline") take({ type: "connectNow" });
          if (world.asking) take(given);
          take({ type: "connected" });
          take(says(welcome));
          const resuming = "established" in state && (state as { established?: { token?: string } }).established?.token;
          take(says(session(resuming !== undefined)));
        }
        expect(state.phase).toBe("online");
      }),
      { numRuns: 5_000 },
    );
  });
});

function apply(effect: ClientSessionEffect, world: World): void {
  switch (effect.type) {
    case "dial":
      world.links += 1;
      expect(world.links).toBe(1);
      return;
    case "disconnect":
      world.links = 0;
      return;
    case "ask":
      expect(world.asking).toBe(false);
      world.asking = true;
      return;
    case "withdraw":
      world.asking = false;
      return;
    case "send":
      expect(world.links).toBe(1);
  }
}
