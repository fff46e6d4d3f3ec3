import { describe, expect, it } from "vitest";
import { complete } from "../../src/chat/completion.ts";

const world = {
  isAllowed: (command: string) => command !== "close",
  names: () => ["bernd", "berta", "anna lena"],
  numbers: (which: string) => (which === "toAnswer" ? [3, 12] : [4]),
};

describe("Tab", () => {
  it.each([
    ["/as", "/ask "],
    ["/m", "/members "],
    ["/withdraw ", "/withdraw 4 "],
    ["/ask @bernd @a", '/ask @bernd @"anna lena" '],
    ["/answer 1", "/answer 12 "],
    ["/ask !high @BERN", "/ask !high @bernd "],
    ["@bernd @a", '@bernd @"anna lena" '],
  ])("makes of %j the line %j", (before, after) => {
    expect(complete(before, world)).toEqual({ before: after, candidates: [] });
  });

  it("goes as far as all candidates agree, and shows them", () => {
    expect(complete("/note @b", world)).toEqual({ before: "/note @ber", candidates: ["@bernd", "@berta"] });
    expect(complete("/answer ", world)).toEqual({ before: "/answer ", candidates: ["3", "12"] });
  });

  it("offers no command that the role does not allow", () => {
    expect(complete("/c", world)).toEqual({ before: "/correct ", candidates: [] });
  });

  it.each(["hello", "/answer 3 b", "/nope x", "/ask b", ""])("leaves %j as it is", (before) => {
    expect(complete(before, world)).toEqual({ before, candidates: [] });
  });
});
