import { RedRoomError, type Sending, type Stored } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { SendWindow } from "../src/send-window.ts";

/** Messages on their way whose fate the test decides. */
function road() {
  const settle: { store(): void; fail(error: Error): void }[] = [];
  const sending = (): Sending => {
    const promise = new Promise<Stored>((resolve, reject) => {
      settle.push({ store: () => resolve({} as Stored), fail: reject });
    });
    return promise as unknown as Sending;
  };
  return { settle, sending };
}

const isWaiting = async (promise: Promise<unknown>): Promise<boolean> => {
  const later = new Promise((resolve) => setImmediate(resolve, "waiting"));
  return (await Promise.race([promise, later])) === "waiting";
};

const nothing = async (): Promise<void> => {};

describe("SendWindow", () => {
  it("has room for 256 messages, and for the next one once the answer to one is dealt with", async () => {
    const { settle, sending } = road();
    const window = new SendWindow(() => {});
    let dealtWith: () => void = () => {};
    for (let line = 1; line <= 256; line += 1) {
      await window.room(1);
      window.add(sending(), line, 1, () => new Promise((resolve) => (dealtWith = resolve)));
    }
    const room = window.room(1);
    settle[0]?.store();
    expect(await isWaiting(room)).toBe(true);
    dealtWith();
    expect(await isWaiting(room)).toBe(false);
  });

  it("has room for 8 MiB, and always for one message", async () => {
    const { settle, sending } = road();
    const window = new SendWindow(() => {});
    await window.room(20 * 1024 * 1024);
    window.add(sending(), 1, 8 * 1024 * 1024, nothing);
    const room = window.room(1);
    expect(await isWaiting(room)).toBe(true);
    settle[0]?.store();
    await room;
  });

  it("tells the first failure with its line and how many were stored, once all is settled", async () => {
    const { settle, sending } = road();
    const failures: unknown[] = [];
    const window = new SendWindow((failure) => failures.push(failure));
    const lost = new RedRoomError("CONNECTION_LOST", "lost");
    for (let line = 7; line <= 10; line += 1) window.add(sending(), line, 1, nothing);
    settle[0]?.store();
    settle[1]?.fail(lost);
    settle[2]?.fail(new Error("later"));
    const settled = window.settled();
    settled.catch(() => {});
    expect(await isWaiting(settled)).toBe(true);
    settle[3]?.store();
    await expect(settled).rejects.toMatchObject({ cause: lost, line: 8, stored: 2 });
    expect(failures).toEqual([lost]);
    await expect(window.room(1)).rejects.toBe(lost);
  });
});
