import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";

const SUPERUSERS = { anna: ["superuser"], bernd: ["superuser"] } as const;

describe("the time of a test room", () => {
  it("stands still while somebody works with files", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const topic = await room.as("anna").joins();
    const work = async () => {
      for (let round = 0; round < 50; round += 1) await readFile(new URL(import.meta.url));
      topic.note("done");
    };
    const working = work();
    await room.as("bernd").expects("done", { withinMs: 50 });
    expect(room.clock.monotonic()).toBe(Date.UTC(2026, 0, 1));
    await working;
  });

  it("is not enough for a wait to have failed while an answer of another process may come", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const topic = await room.as("anna").joins();
    execFile(process.execPath, ["-v"], { timeout: 10_000 }, () => void topic.note("done"));
    await room.as("bernd").expects("done", { withinMs: 50 });
  });

  it("passes as on the wall for bots that ask other servers", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS, pace: "wall" });
    const topic = await room.as("anna").joins();
    const server = createServer((_, response) => setTimeout(() => response.end("42"), 500)).listen(0);
    const { port } = server.address() as { port: number };
    const asking = fetch(`http://127.0.0.1:${port}`).then(async (response) => topic.note(await response.text()));
    await room.as("bernd").expects("42", { withinMs: 60_000 });
    expect(room.clock.monotonic() - Date.UTC(2026, 0, 1)).toBeGreaterThan(400);
    await asking;
    server.closeAllConnections();
    server.close();
  });

  it("is not waited for in vain where timers set the next ones for the same moment, for ever", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    let going = true;
    const again = (): void => {
      if (going) room.clock.setTimer(again, 0);
    };
    again();
    await expect(room.until(() => false, { withinMs: 3 })).rejects.toThrow(/it is not so, after 3 ms/);
    await expect(room.pass(3)).rejects.toThrow(/no time passes: \d+ timers at one moment/);
    going = false;
  });

  it("passes also where a test waits for what is not of the kit, once nothing is under way", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const start = room.clock.monotonic();
    await new Promise<void>((resolve) => void room.clock.setTimer(resolve, 2_000));
    expect(room.clock.monotonic() - start).toBe(2_000);
  });

  it("passes once for several who wait", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const start = room.clock.monotonic();
    let due = 0;
    for (const delay of [1_000, 2_000, 3_000]) room.clock.setTimer(() => (due += 1), delay);
    await Promise.all([1, 2, 3].map((count) => room.until(() => due >= count)));
    expect(room.clock.monotonic() - start).toBe(3_000);
    await Promise.all([room.pass(10_000), room.until(() => due > 3, { withinMs: 1_000 }).catch(() => "over")]);
    expect(room.clock.monotonic() - start).toBe(14_000);
  });

  it("lets work be done that is not the kit's, and hands over what it came to", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const after = (ms: number) => new Promise<string>((resolve) => room.clock.setTimer(() => resolve("done"), ms));
    expect(await room.settled(after(59_000))).toBe("done");
    await expect(room.settled(Promise.reject(new Error("failed")))).rejects.toThrow("failed");
    await expect(room.settled(after(61_000))).rejects.toThrow(/after 60000 ms of the room's time: the work is done/);
  });

  it("ends a wait with what its condition throws, and no other wait", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    let due = 0;
    for (const delay of [1_000, 2_000]) room.clock.setTimer(() => (due += 1), delay);
    const other = room.until(() => due === 2);
    const failing = room.until(() => {
      if (due === 1) throw new Error("not a condition");
      return false;
    });
    await expect(failing).rejects.toThrow("not a condition");
    await other;
    const where = (): boolean => {
      throw new Error("not a filter");
    };
    const expecting = room.as("anna").expects({ where });
    await room.as("bernd").says("hello");
    await expect(expecting).rejects.toThrow("not a filter");
  });
});
