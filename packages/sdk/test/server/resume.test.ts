import { setPassword } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

describe("a session", () => {
  it("goes on over another connection with its token, without a password", async () => {
    await using world = await serverWorld();
    const first = await world.connect("anna");
    const { session, token, resumed } = first.session ?? {};
    expect(resumed).toBe(false);
    first.connection.close(9);
    await first.connection.closed;
    const second = await world.dial();
    const next = await second.resume(token ?? "");
    expect(next).toMatchObject({ session, resumed: true, user: { name: "anna" } });
    expect(next.token).not.toBe(token);
    expect((await second.openTopic("Share Deal", 1)).types()).toContain("topicOpened");
  });

  it("is taken over by the connection that resumes it", async () => {
    await using world = await serverWorld();
    const first = await world.connect("anna");
    const second = await world.dial();
    await second.resume(first.session?.token ?? "");
    expect(await first.connection.closed).toMatchObject({ by: "peer", code: 4, reason: "REPLACED" });
    await second.ping();
  });

  it("takes the token before the last one until the client has shown that it has the last", async () => {
    await using world = await serverWorld();
    const token = (await world.connect("anna")).session?.token ?? "";
    await (await world.dial()).resume(token); // its answer got lost
    const third = await world.dial();
    await third.resume(token);
    await third.ping();
    const late = await world.dial();
    late.control.send({ type: "resume", token });
    expect(await late.control.next("resumeRefused")).toMatchObject({ code: "SESSION_UNKNOWN" });
    await late.login("anna");
    expect(late.session?.resumed).toBe(false);
  });

  it("ends when its client leaves in good order, and after ten minutes without one", async () => {
    await using world = await serverWorld();
    const refusedFor = async (token: string) => {
      const client = await world.dial();
      client.control.send({ type: "resume", token });
      return (await client.control.next("resumeRefused")).code;
    };
    const left = await world.connect("anna");
    left.connection.close();
    await left.connection.closed;
    expect(await refusedFor(left.session?.token ?? "")).toBe("SESSION_UNKNOWN");

    const lost = await world.connect("anna");
    lost.connection.close(9);
    await lost.connection.closed;
    await turns();
    world.clock.advance(599_999);
    const again = await world.dial();
    const { token } = await again.resume(lost.session?.token ?? "");
    again.connection.close(9);
    await again.connection.closed;
    await turns();
    world.clock.advance(600_000);
    expect(await refusedFor(token)).toBe("SESSION_UNKNOWN");
  });

  it("ends at once, also while online, when the password is changed by anybody", async () => {
    await using world = await serverWorld();
    const anna = await world.connect("anna");
    const bernd = await world.connect("bernd");
    const topic = await anna.openTopic("Share Deal", 1);
    await setPassword(world.store.users, "anna", "another long password");
    world.clock.advance(1_000);
    expect(await anna.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    expect(await topic.ended()).not.toBe("end");
    world.clock.advance(1_000);
    expect(await anna.connection.closed).toMatchObject({ by: "peer", code: 4 });
    await bernd.ping();
    const again = await world.dial();
    again.control.send({ type: "resume", token: anna.session?.token ?? "" });
    expect(await again.control.next("resumeRefused")).toMatchObject({ code: "SESSION_UNKNOWN" });
  });

  it("ends by server.revoke, and a login under way ends with it", async () => {
    let finish = (): void => {};
    const checking = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let slow = false;
    await using world = await serverWorld({
      authenticate: async ({ name }) => {
        if (slow) await checking;
        return { id: name, name, admin: false };
      },
    });
    const anna = await world.connect("anna");
    slow = true;
    const second = await world.dial();
    second.control.send({ type: "login", name: "anna", password: "old" });
    await turns();
    expect(world.server.revoke("anna")).toBe(1);
    finish();
    expect(await anna.control.next("goodbye")).toMatchObject({ code: "SESSION_REVOKED" });
    expect(await second.control.next("error")).toMatchObject({ code: "SESSION_REVOKED" });
  });

  it("is not ended for others than those whose password was changed, nor by a password that was there before", async () => {
    await using world = await serverWorld();
    await setPassword(world.store.users, "anna", "another long password");
    const anna = await world.dial();
    await anna.login("anna", "another long password");
    world.clock.advance(1_000);
    await turns();
    await anna.ping();
  });
});

describe("a connection", () => {
  it.each([0, -3_600_000, 3_600_000])(
    "is closed when it has not logged in after five seconds, the date corrected by %d ms",
    async (ms) => {
      await using world = await serverWorld();
      const mute = await world.dial();
      await mute.control.next("welcome");
      world.clock.advance(2_000);
      world.clock.correctDate(ms);
      world.clock.advance(3_000);
      expect(await mute.control.next("error")).toMatchObject({ code: "TIMEOUT", retryable: true });
      await turns();
      world.clock.advance(1_000);
      expect(await mute.connection.closed).toMatchObject({ by: "peer", code: 3 });
    },
  );

  it("may log in after a resume in vain, and not resume twice", async () => {
    await using world = await serverWorld();
    const client = await world.dial();
    for (let count = 0; count < 2; count += 1) client.control.send({ type: "resume", token: "A".repeat(43) });
    await client.control.next("resumeRefused");
    expect(await client.control.next("error")).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  it("leaves no timer behind when the server closes", async () => {
    const world = await serverWorld();
    const anna = await world.connect("anna");
    await anna.openTopic("Share Deal", 1);
    const lost = await world.connect("bernd");
    lost.connection.close(9);
    await turns();
    await world[Symbol.asyncDispose]();
    await turns();
    expect(world.clock.pending).toBe(0);
  });
});
