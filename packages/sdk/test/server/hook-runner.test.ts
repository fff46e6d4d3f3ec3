import { describe, expect, it } from "vitest";
import { RedRoomError } from "../../src/base/errors.ts";
import type { Logger } from "../../src/base/logger.ts";
import { type HookCall, HookRunner } from "../../src/server/hook-runner.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";

function runnerOf() {
  const clock = new ManualClock();
  const log: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[] = [];
  const silent = (): void => {};
  const error = (fields: object, message: string): void => void log.push({ fields: { ...fields }, message });
  const logger: Logger = { debug: silent, info: silent, warn: silent, error };
  return { clock, log, runner: new HookRunner(5_000, clock, logger) };
}

const calling = (name: string, call: HookCall["call"]): HookCall => ({ name, call });
const failureOf = (work: Promise<unknown>): Promise<RedRoomError> =>
  work.then(
    () => Promise.reject(new Error("it was allowed")),
    (thrown) => thrown,
  );
const never = () => new Promise<never>(() => {});
const neutral = {
  code: "NOT_ALLOWED",
  message: "unable to store the message; the server does not allow it",
  retryable: false,
};

describe("a hook", () => {
  it("answers, at once or later", async () => {
    const { runner, clock } = runnerOf();
    const calls = [calling("a", () => 1), calling("b", async () => 2), calling("c", () => undefined)];
    expect(await runner.run("store the message", calls)).toEqual([1, 2, undefined]);
    expect(clock.pending).toBe(0);
  });

  it("that decides by false refuses, and why it should throw instead is logged", async () => {
    const { runner, log } = runnerOf();
    const call = calling("authorize of an extension", async () => false);
    expect(await failureOf(runner.run("store the message", [call]))).toMatchObject(neutral);
    expect(String(log[0]?.fields["error"])).toMatch(/it has answered false; it refuses by throwing/);
    await runner.tell(call);
    expect(log).toHaveLength(1);
  });

  it("refuses with the code, text and remedy of a RedRoomError", async () => {
    const { runner, log, clock } = runnerOf();
    const refusal = new RedRoomError("TEXT_INVALID", "unable to take it; it has a link", { remedy: "leave it out" });
    const refuse = calling("no links", () => {
      throw refusal;
    });
    expect(await failureOf(runner.run("store the message", [refuse]))).toBe(refusal);
    expect(log).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ["an error", new Error("the password of the database is geheim")],
    ["a string", "geheim"],
    ["nothing", undefined],
    ["null", null],
    ["an object without a prototype", Object.create(null)],
    ["an error that clients act on", new RedRoomError("PROTOCOL_ERROR", "geheim")],
    ["an error that never travels", new RedRoomError("OPTIONS_INVALID", "geheim")],
    ["an error of our own", new RedRoomError("INTERNAL", "geheim")],
  ])("that throws %s refuses without telling why, and the log has it", async (_what, thrown) => {
    for (const call of [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ]) {
      const { runner, log } = runnerOf();
      expect(await failureOf(runner.run("store the message", [calling("audit", call)]))).toMatchObject(neutral);
      expect(log).toEqual([
        { fields: { hook: "audit", error: expect.any(RedRoomError) }, message: expect.stringContaining("failed") },
      ]);
    }
  });

  it("has its time, together with the others; what it says later counts no more", async () => {
    const { runner, clock, log } = runnerOf();
    let answer = (_value: string): void => {};
    const late = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const asked: string[] = [];
    let signal: AbortSignal | undefined;
    const running = failureOf(
      runner.run("store the message", [
        calling("quick", () => void asked.push("quick")),
        calling("slow", (given) => {
          signal = given;
          asked.push("slow");
          return late;
        }),
        calling("third", () => void asked.push("third")),
      ]),
    );
    await clock.advanceAsync(4_999);
    expect(signal?.aborted).toBe(false);
    clock.advance(1);
    expect(await running).toMatchObject({ code: "TIMEOUT", retryable: true, retryAfterMs: 1_000 });
    expect(signal?.aborted).toBe(true);
    expect(log).toEqual([{ fields: { hook: "slow", error: expect.any(RedRoomError) }, message: expect.anything() }]);
    answer("all is well");
    await clock.advanceAsync(10_000);
    expect(asked).toEqual(["quick", "slow"]);
    expect(clock.pending).toBe(0);
  });

  it("that fails after its time disturbs nobody", async () => {
    const { runner, clock } = runnerOf();
    let fail = (_error: Error): void => {};
    const late = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const running = failureOf(runner.run("store the message", [calling("late", () => late)]));
    clock.advance(5_000);
    await running;
    fail(new Error("nobody hears this"));
    await clock.advanceAsync(0); // an unhandled rejection would end the test run
  });

  it("is not waited for when the client has gone", async () => {
    const { runner, clock, log } = runnerOf();
    const gone = new AbortController();
    let signal: AbortSignal | undefined;
    const call = calling("hanging", (given) => {
      signal = given;
      return never();
    });
    const running = failureOf(runner.run("log in", [call], gone.signal));
    gone.abort();
    expect(await running).toMatchObject({ code: "ABORTED" });
    expect(signal?.aborted).toBe(true);
    expect(await failureOf(runner.run("log in", [call], gone.signal))).toMatchObject({ code: "ABORTED" });
    expect([log, clock.pending]).toEqual([[], 0]);
  });

  it("is not waited for, nor called, once the server has closed", async () => {
    const { runner, clock, log } = runnerOf();
    let calls = 0;
    const call = calling("hanging", () => {
      calls += 1;
      return never();
    });
    const running = failureOf(runner.run("store the message", [call]));
    const reason = new RedRoomError("SHUTTING_DOWN", "unable to go on", { retryable: true });
    runner.close(reason);
    expect(await running).toBe(reason);
    expect(await failureOf(runner.run("store the message", [call]))).toBe(reason);
    await runner.tell(call);
    await runner.settled();
    expect([calls, log, clock.pending]).toEqual([1, [], 0]);
  });

  it("that says only that it may work later is asked again a second later", async () => {
    const { runner } = runnerOf();
    const throwing = (error: RedRoomError) =>
      failureOf(runner.run("store the message", [calling("quota", () => Promise.reject(error))]));
    const soon = new RedRoomError("TOO_MANY_REQUESTS", "unable to take more now", { retryable: true, remedy: "wait" });
    expect(await throwing(soon)).toMatchObject({
      code: "TOO_MANY_REQUESTS",
      message: "unable to take more now",
      remedy: "wait",
      retryable: true,
      retryAfterMs: 1_000,
    });
    const later = new RedRoomError("TOO_MANY_REQUESTS", "…", { retryable: true, retryAfterMs: 60_000 });
    expect((await throwing(later)).retryAfterMs).toBe(60_000);
  });

  it("that is only told something is logged with all that it throws", async () => {
    const { runner, clock, log } = runnerOf();
    const refusal = new RedRoomError("NOT_ALLOWED", "nobody hears of it");
    await runner.tell(calling("a", () => Promise.reject(refusal)));
    const hanging = runner.tell(calling("b", never));
    let settled = false;
    const all = runner.settled().then(() => {
      settled = true;
    });
    await clock.advanceAsync(4_999);
    expect(settled).toBe(false);
    await clock.advanceAsync(1);
    await Promise.all([hanging, all]);
    expect(log.map(({ fields }) => fields["hook"])).toEqual(["a", "b"]);
  });
});
