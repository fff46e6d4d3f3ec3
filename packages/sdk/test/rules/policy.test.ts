import { describe, expect, it } from "vitest";
import { CAPABILITIES, memberPolicy, ROLES, roomPolicy } from "../../src/rules.ts";

/** By hand, from R12: nothing of the policy is used to make it. */
const TABLE = `
                 interviewer  interviewee  archivist  legal  superuser
ask              x            -            -          -      x
answer           -            x            -          -      x
note             -            -            -          -      x
readAddressed    x            x            -          -      x
readAll          -            -            x          x      x
queryHistory     -            -            -          x      x
moderate         -            -            -          -      x
manageTopics     -            -            -          -      -
manageUsers      -            -            -          -      -
`;

const [header = "", ...lines] = TABLE.trim().split("\n");
const roles = header.trim().split(/\s+/);
const rows = lines.map((line) => line.split(/\s+/));
const allowed = (role: string, capability: string): boolean =>
  rows.find(([name]) => name === capability)?.[roles.indexOf(role) + 1] === "x";

/** All sets of roles: 32. */
const sets = Array.from({ length: 2 ** roles.length }, (_, bits) =>
  roles.filter((_role, index) => (bits >> index) & 1),
);

describe("the policy of a room", () => {
  it("has the roles and capabilities of the table, and no others", () => {
    expect(roles).toEqual(ROLES);
    expect(rows.map(([capability]) => capability)).toEqual(CAPABILITIES);
    expect(sets).toHaveLength(32);
  });

  it.each(sets.map((set) => [set.join(" + ") || "no role", set] as const))("gives %s what its roles give", (_, set) => {
    const expected = CAPABILITIES.filter((capability) => set.some((role) => allowed(role, capability)));
    expect(roomPolicy({ admin: false, member: set.length > 0, roles: set })).toEqual(expected);
    expect(roomPolicy({ admin: false, member: true, roles: set.toReversed() })).toEqual(expected);
  });

  it.each(sets.map((set) => [set.join(" + ") || "no role", set] as const))(
    "shows an administrator with %s no content",
    (_, set) => {
      expect(roomPolicy({ admin: true, member: true, roles: set })).toEqual(["manageTopics", "manageUsers"]);
    },
  );

  it("gives nothing for a role that it does not know, whatever that is called", () => {
    for (const role of ["admin", "Superuser", "superuser ", "", "constructor", "__proto__", "toString"]) {
      expect(roomPolicy({ admin: false, member: true, roles: [role] }), role).toEqual([]);
      const beside = roomPolicy({ admin: false, member: true, roles: [role, "archivist"] });
      expect(beside, role).toEqual(["readAll"]);
    }
  });
});

describe("the policy of a plain chat", () => {
  it("lets all members write, read what is for them, and look back, whatever their roles", () => {
    for (const set of sets) {
      const member = ["ask", "answer", "note", "readAddressed", "queryHistory"];
      expect(memberPolicy({ admin: false, member: true, roles: set })).toEqual(member);
    }
  });

  it("gives strangers nothing, and administrators no content", () => {
    expect(memberPolicy({ admin: false, member: false, roles: ["superuser"] })).toEqual([]);
    for (const member of [true, false]) {
      expect(memberPolicy({ admin: true, member, roles: ["superuser"] })).toEqual(["manageTopics", "manageUsers"]);
    }
  });
});
