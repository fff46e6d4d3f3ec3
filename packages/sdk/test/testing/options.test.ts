import { RedRoomError } from "@redroom/sdk";
import { ManualClock, SeededRandom, simulate, UdpRelay } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";

const refused = expect.objectContaining({ code: "OPTIONS_INVALID" });

describe("the fault kit refuses what means nothing, at once:", () => {
  it.each([Number.NaN, 0.5, "seed", undefined])("the seed %s", async (seed) => {
    await expect(simulate({ seed: seed as number })).rejects.toEqual(refused);
    expect(() => new SeededRandom(seed as number)).toThrow(RedRoomError);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])("faults for %s ms", async (chaosMs) => {
    await expect(simulate({ seed: 1, chaosMs })).rejects.toEqual(refused);
  });

  it("a timer without a time", () => {
    expect(() => new ManualClock().setTimer(() => {}, Number.NaN)).toThrow(RedRoomError);
  });

  it("a relay to another machine, and a condition that there is not", async () => {
    await expect(UdpRelay.to("redroom://192.0.2.1:4433")).rejects.toEqual(refused);
    const conditions = { lossRat: 0.5 } as object;
    await expect(UdpRelay.to("redroom://127.0.0.1:4433", { conditions })).rejects.toEqual(refused);
  });
});
