import { describe, expect, it } from "vitest";
import { Receipts } from "../src/export/receipts.ts";

describe("the receipts of an exported entry", () => {
  it("say that a sealed answer was received with its reveal by whom it was sealed for, and as it came by others", () => {
    const receipts = new Receipts();
    receipts.unseal({ kind: "answer", seq: 2, re: 1, to: ["anna"] });
    receipts.unseal({ kind: "correction", seq: 3, re: 2, to: ["anna"] });
    receipts.add({ seq: 4, at: 400 }, { first: 1, last: 3, to: ["anna", "carla"] });
    receipts.add({ seq: 9, at: 900 }, { first: 4, last: 7, to: ["anna"] });
    const early = { by: "carla", at: 400, seq: 4 };
    expect([receipts.of(2), receipts.of(3)]).toEqual([[early], [early]]);
    receipts.unseal({ kind: "reveal", seq: 6, re: 2, to: ["anna", "bernd"] });
    receipts.unseal({ kind: "reveal", seq: 7, re: 3, to: ["anna", "bernd"] });
    const late = { by: "anna", at: 900, seq: 9 };
    expect([receipts.of(2), receipts.of(3)]).toEqual([
      [early, late],
      [early, late],
    ]);
    expect(receipts.of(1).map(({ at }) => at)).toEqual([400, 400]);
    receipts.unseal({ kind: "correction", seq: 8, re: 2, to: ["anna"] }); // once it is read, it is a message like any other
    receipts.add({ seq: 10, at: 1_000 }, { first: 8, last: 9, to: ["anna"] });
    expect(receipts.of(8)).toEqual([{ by: "anna", at: 1_000, seq: 10 }]);
  });
});
