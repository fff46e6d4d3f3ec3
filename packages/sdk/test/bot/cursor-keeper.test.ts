import { expect, it } from "vitest";
import { CursorKeeper } from "../../src/bot/cursor-keeper.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { turns } from "../client/room.ts";

it("saves what changes in the very moment in which a save ends", async () => {
  let [state, saved] = ["", ""];
  let answer: () => void = () => {};
  const save = (text: string) =>
    new Promise<void>((resolve) => {
      answer = () => {
        saved = text;
        resolve();
      };
    });
  const host = { clock: new ManualClock(), save, current: () => state, onFailed: () => {} };
  const keeper = new CursorKeeper(host, undefined);
  // So many microtasks behind the answer.
  for (let later = 0; later < 8; later += 1) {
    state = `before ${later}`;
    void keeper.save();
    await turns(2);
    answer();
    for (let task = 0; task < later; task += 1) await undefined;
    state = `after ${later}`;
    void keeper.save();
    await turns(2);
    answer();
    await turns(2);
    expect(saved).toBe(`after ${later}`);
  }
});
