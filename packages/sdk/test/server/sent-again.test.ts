import { roomPolicy } from "@redroom/sdk/rules";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { randomId } from "../../src/base/id.ts";
import type { MessageOf } from "../../src/protocol/messages.ts";
import { openWorld } from "../world.ts";
import { RawClient } from "./raw-client.ts";

const TITLE = "Share Deal";

/** Anna, who asks, on a stream of hers. */
async function askingWorld() {
  let aheadMs = 0;
  const clock: Clock = {
    now: () => systemClock.now() + aheadMs,
    monotonic: () => systemClock.monotonic(),
    setTimer: (callback, delayMs, options) => systemClock.setTimer(callback, delayMs, options),
  };
  const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
  const options = { policy: roomPolicy, clock, authenticate, users: [], limits: { maxOpenQuestions: 1 } };
  const world = await openWorld("memory", options);
  const setRoles = (...roles: readonly string[]) => world.server.setRoles(TITLE, { id: "anna", name: "anna" }, roles);
  await setRoles("interviewer");
  const anna = await RawClient.dial(world.transport, world.address);
  await anna.login("anna");
  const stream = await anna.openTopic(TITLE, 1);
  const ask = (id: string, more: Partial<MessageOf<"publish">> = {}) => {
    stream.send({ type: "publish", id, kind: "question", ...more, body: utf8("Wie hoch sind die Rückstellungen?") });
    return stream.next("ack", "refused");
  };
  const later = (ms: number): void => {
    aheadMs += ms;
  };
  return { later, setRoles, ask, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

describe("a question that is sent again", () => {
  it("gets its number although its author may ask no more", async () => {
    await using world = await askingWorld();
    const id = randomId();
    const { seq } = (await world.ask(id)) as MessageOf<"ack">;
    await world.setRoles("archivist");
    expect(await world.ask(id)).toMatchObject({ type: "ack", seq, duplicate: true });
    expect(await world.ask(randomId())).toMatchObject({ type: "refused", code: "NOT_ALLOWED" });
  });

  it("gets its number although it is itself the one question too many", async () => {
    await using world = await askingWorld();
    const id = randomId();
    const { seq } = (await world.ask(id)) as MessageOf<"ack">;
    expect(await world.ask(id)).toMatchObject({ type: "ack", seq, duplicate: true });
    expect(await world.ask(randomId())).toMatchObject({ type: "refused", code: "TOO_MANY_QUESTIONS" });
  });

  it("is another one with another priority, and refused under its id", async () => {
    await using world = await askingWorld();
    const id = randomId();
    const { seq } = (await world.ask(id, { priority: "high" })) as MessageOf<"ack">;
    expect(await world.ask(id, { priority: "low" })).toMatchObject({ type: "refused", code: "ID_REUSED" });
    expect(await world.ask(id)).toMatchObject({ type: "refused", code: "ID_REUSED" });
    expect(await world.ask(id, { priority: "high" })).toMatchObject({ type: "ack", seq, duplicate: true });
  });

  it("gets its number although its deadline is over", async () => {
    await using world = await askingWorld();
    const id = randomId();
    const due = Date.now() + 60_000;
    const { seq } = (await world.ask(id, { due })) as MessageOf<"ack">;
    world.later(120_000);
    expect(await world.ask(id, { due })).toMatchObject({ type: "ack", seq, duplicate: true });
  });
});
