import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAPABILITIES, ROLES, roomPolicy } from "../../src/rules.ts";

const page = readFileSync(new URL("../../../../docs/roles.md", import.meta.url), "utf8").replaceAll("\r\n", "\n");
const rows = page.split("\n").flatMap((line) => (line.startsWith("| ") ? [line.slice(2, -2).split(" | ")] : []));
const matrix = rows.filter((cells) => cells.length === ROLES.length + 2);
const [head = [], ...lines] = matrix;

describe("docs/roles.md", () => {
  it("has a column for each role, and one for administrators", () => {
    expect(head).toEqual(["capability", ...ROLES, "administrator"]);
    expect(lines.map(([name]) => name)).toEqual(CAPABILITIES.map((capability) => `\`${capability}\``));
  });

  it.each(lines.map(([name = "", ...cells]) => [name, cells] as const))(
    "shows %s as the policy has it",
    (name, cells) => {
      const grants = [
        ...ROLES.map((role) => roomPolicy({ admin: false, member: true, roles: [role] })),
        roomPolicy({ admin: true, member: true, roles: [...ROLES] }),
      ].map((capabilities) => (capabilities.some((one) => `\`${one}\`` === name) ? "yes" : "–"));
      expect(cells).toEqual(grants);
    },
  );

  it("says what each capability is for", () => {
    const explained = rows.filter((cells) => cells.length === 2).map(([name]) => name);
    expect(explained).toEqual(["capability", ...CAPABILITIES.map((capability) => `\`${capability}\``)]);
  });
});
