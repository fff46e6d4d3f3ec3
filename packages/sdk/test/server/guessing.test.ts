import { describe, expect, it } from "vitest";
import { peopleWorld, tryLogin } from "./people-world.ts";
import { PASSWORD } from "./raw-client.ts";

/**
 * How far apart two samples are, in standard deviations (Mann-Whitney): 0 where which one is larger is a matter of chance,
 * whatever their distribution, and 5.9 where every one of 24 is larger than every one of 24 others.
 */
function distance(one: readonly number[], other: readonly number[]): number {
  const larger = one.flatMap((a) => other.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
  const wins = larger.reduce<number>((sum, win) => sum + win, 0);
  const pairs = one.length * other.length;
  return Math.abs(wins - pairs / 2) / Math.sqrt((pairs * (one.length + other.length + 1)) / 12);
}

describe("a login", () => {
  it("takes as long for a user that does not exist, or is disabled, as for a wrong password", async () => {
    await using world = await peopleWorld();
    await world.users.updateUser(await world.idOf("bernd"), { disabled: true });
    const kinds = [
      { name: "anna", password: "not the password", times: [] as number[] },
      { name: "nobody", password: "not the password", times: [] as number[] },
      { name: "bernd", password: PASSWORD, times: [] as number[] },
    ] as const;
    for (let round = 0; round < 25; round += 1) {
      // In another order each time, and so much later that nobody has to wait for failures before.
      for (const { name, password, times } of [...kinds.slice(round % 3), ...kinds.slice(0, round % 3)]) {
        world.clock.advance(3_600_000);
        const client = await world.dial();
        await client.control.next("welcome");
        const before = performance.now();
        client.control.send({ type: "login", name, password });
        expect(await client.control.next("error")).toMatchObject({ code: "LOGIN_FAILED" });
        if (round > 0) times.push(performance.now() - before);
        client.connection.close();
      }
    }
    const [wrong, unknown, disabled] = kinds.map(({ times }) => times);
    for (const other of [unknown, disabled]) expect(distance(wrong ?? [], other ?? [])).toBeLessThan(4.5);
  });

  it("is throttled at an address that guesses, while the real user gets in from another", async () => {
    await using world = await peopleWorld();
    const answers = new Map<string | undefined, number>();
    for (let guess = 0; guess < 1_000; guess += 1) {
      const code = await tryLogin(world, "anna", `guess number ${guess}`, "198.51.100.1");
      answers.set(code, (answers.get(code) ?? 0) + 1);
    }
    expect(Object.fromEntries(answers)).toEqual({ LOGIN_FAILED: 6, TOO_MANY_REQUESTS: 994 });
    expect(await tryLogin(world, "anna", PASSWORD, "203.0.113.7")).toBe("session");
    // Not even the right one is checked where guesses came from, until it is time.
    expect(await tryLogin(world, "anna", PASSWORD, "198.51.100.1")).toBe("TOO_MANY_REQUESTS");
    world.clock.advance(1_000);
    expect(await tryLogin(world, "anna", PASSWORD, "198.51.100.1")).toBe("session");
  });

  it("is not faster for who guesses side by side, and waits as long for a name that nobody has", async () => {
    await using world = await peopleWorld();
    for (const [name, from] of [
      ["anna", "198.51.100.1"],
      ["nobody", "198.51.100.2"],
    ] as const) {
      const guesses = Array.from({ length: 40 }, (_, guess) => tryLogin(world, name, `guess number ${guess}`, from));
      const checked = (await Promise.all(guesses)).filter((code) => code === "LOGIN_FAILED");
      // Two are checked at a time: the second of them cannot know of the first.
      expect(checked.length).toBeGreaterThanOrEqual(6);
      expect(checked.length).toBeLessThanOrEqual(7);
    }
  });

  it("goes through for who has logged in there before, while others guess from everywhere", async () => {
    await using world = await peopleWorld();
    expect(await tryLogin(world, "anna", PASSWORD, "203.0.113.7")).toBe("session");
    for (let guess = 0; guess < 30; guess += 1) {
      await tryLogin(world, "anna", `guess number ${guess}`, `198.51.100.${guess}`);
    }
    expect(await tryLogin(world, "anna", PASSWORD, "192.0.2.1")).toBe("TOO_MANY_REQUESTS");
    expect(await tryLogin(world, "anna", PASSWORD, "203.0.113.7")).toBe("session");
  });
});
