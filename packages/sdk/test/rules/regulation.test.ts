import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RedRoomError } from "../../src/base/errors.ts";
import { emptyState, foldEntry, type LeafFacts, visibilityOf, waitingIn } from "../../src/rules.ts";
import { RegulatedModel } from "./regulated-model.ts";
import { TopicLog } from "./topic-log.ts";

const PARTY = ["interviewer", "interviewee"];
const DAY = 86_400_000;
const FOR_ALL = ["membership", "delivery", "erasure", "export"];

/** Two parties, and whoever keeps order. */
function deal(more: Readonly<Record<string, readonly string[]>> = {}) {
  const log = new TopicLog(true, { anna: PARTY, bernd: PARTY, super: ["superuser"], ...more });
  return {
    log,
    ask: (by: string, to: string, due?: number) => log.say(by, { kind: "question", to: [to], due }),
    answer: (by: string, re: number) => log.say(by, { kind: "answer", re }),
  };
}

describe("the regulated conversation", () => {
  it("reveals both answers when both were given, in the order of the log", () => {
    const { log, ask, answer } = deal();
    const [hers, his] = [ask("anna", "bernd"), ask("bernd", "anna")];
    const first = answer("bernd", hers);
    expect(log.revealed()).toEqual([]);
    const second = answer("anna", his);
    expect(log.entries.slice(second)).toMatchObject([
      { kind: "reveal", by: "server", to: ["anna", "bernd"], re: first, text: "" },
      { kind: "reveal", by: "server", to: ["bernd", "anna"], re: second, text: "" },
    ]);
  });

  it("reveals at once what nobody has to earn, by an entry all the same", () => {
    const { log, ask, answer } = deal();
    const given = answer("bernd", ask("anna", "bernd"));
    expect(log.revealed()).toEqual([given]);
    ask("bernd", "anna");
    expect(log.revealed(given + 2)).toEqual([]);
  });

  it("does not wait for questions that came after the answer, nor for those of third parties", () => {
    const { log, ask, answer } = deal({ carla: PARTY });
    ask("carla", "anna");
    const hers = ask("anna", "bernd");
    const given = answer("bernd", hers);
    expect(log.revealed()).toEqual([given]);
  });

  it("is not prolonged by asking more", () => {
    const { log, ask, answer } = deal();
    const [hers, his] = [ask("anna", "bernd"), ask("bernd", "anna")];
    const given = answer("bernd", hers);
    ask("bernd", "anna");
    answer("anna", his);
    expect(log.revealed()).toContain(given);
  });

  it("waits for each of several parties by itself", () => {
    const { log, ask, answer } = deal({ carla: PARTY });
    const hers = log.say("anna", { kind: "question", to: ["bernd", "carla"] });
    const his = ask("bernd", "anna");
    const berndSays = answer("bernd", hers);
    const carlaSays = answer("carla", hers);
    expect(log.revealed()).toEqual([carlaSays]);
    expect(log.state.open.has(hers)).toBe(false);
    answer("anna", his);
    expect(log.revealed()).toContain(berndSays);
  });

  it("seals corrections with their answer, and reveals them with it", () => {
    const { log, ask, answer } = deal();
    const [hers, his] = [ask("anna", "bernd"), ask("bernd", "anna")];
    const given = answer("bernd", hers);
    const corrected = log.say("bernd", { kind: "correction", re: given });
    expect(waitingIn(log.state, () => true)).toEqual([
      { reader: "anna", answerer: "bernd", answers: [given], questions: [his] },
    ]);
    log.say("bernd", { kind: "withdrawal", re: his });
    expect(log.revealed()).toEqual([given, corrected]);
    expect(waitingIn(log.state, () => true)).toEqual([]);
  });

  it("lets a superuser release an answer after the deadline of what it waits for, with its corrections", () => {
    const { log, ask, answer } = deal();
    const hers = ask("anna", "bernd");
    ask("bernd", "anna", log.now + DAY);
    const given = answer("bernd", hers);
    const corrected = log.say("bernd", { kind: "correction", re: given });
    const release = { kind: "reveal", re: given, text: "Frist abgelaufen" } as const;
    expect(log.refusal("super", release)).toBe("NOT_ALLOWED");
    log.now += DAY;
    for (const party of ["anna", "bernd"]) expect(log.refusal(party, release)).toBe("NOT_ALLOWED");
    const released = log.say("super", release);
    expect(log.entries.slice(released - 1)).toMatchObject([
      { kind: "reveal", by: "super", to: ["anna", "bernd"], re: given, text: "Frist abgelaufen" },
      { kind: "reveal", by: "server", to: ["anna", "bernd"], re: corrected, text: "" },
    ]);
    expect(log.refusal("super", release)).toBe("REFERENCE_INVALID");
  });

  it("never lets a question without a deadline be passed over, by a release or a closing", () => {
    const { log, ask, answer } = deal();
    const hers = ask("anna", "bernd");
    const his = ask("bernd", "anna");
    const given = answer("bernd", hers);
    log.now += 1_000 * DAY;
    expect(log.refusal("super", { kind: "reveal", re: given })).toBe("NOT_ALLOWED");
    expect(log.refusal("super", { kind: "closing", re: his })).toBe("NOT_ALLOWED");
  });

  it("lets a superuser close an overdue question, unless it was put to the superuser", () => {
    const { log, ask, answer } = deal();
    const [hers, his] = [ask("anna", "bernd"), ask("bernd", "anna", log.now + DAY)];
    const given = answer("bernd", hers);
    expect(log.refusal("super", { kind: "closing", re: his })).toBe("NOT_ALLOWED");
    log.now += DAY;
    log.setRoles("anna", ["superuser"]);
    expect(log.refusal("anna", { kind: "closing", re: his })).toBe("NOT_ALLOWED");
    log.say("super", { kind: "closing", re: his });
    expect(log.revealed()).toEqual([given]);
  });

  it("is not got round by leaving and coming back", () => {
    const { log, ask, answer } = deal();
    const [hers, his] = [ask("anna", "bernd"), ask("bernd", "anna")];
    const given = answer("bernd", hers);
    log.setRoles("anna", []);
    log.setRoles("anna", PARTY);
    expect(log.revealed()).toEqual([]);
    answer("anna", his);
    expect(log.revealed()).toContain(given);
  });

  it("shows the reader a commitment until then, whatever else the reader may read", () => {
    const { log, ask, answer } = deal();
    const hers = ask("super", "bernd");
    ask("bernd", "super");
    const leaf = log.entries[answer("bernd", hers) - 1] as LeafFacts;
    expect(visibilityOf(leaf, { pseudonym: "super", capabilities: log.capabilitiesOf("super") }, log.state)).toBe(
      "sealed",
    );
  });
});

type Move = (log: TopicLog) => unknown;

/** What somebody does next; most of it is allowed, the rest is refused. */
function moves(people: readonly string[]): fc.Arbitrary<Move> {
  const who = fc.constantFrom(...people, "super");
  const near = fc.nat({ max: 11 });
  const ago = (log: TopicLog, steps: number, kinds: readonly string[]): number | undefined =>
    log.entries.filter(({ kind }) => kinds.includes(kind)).at(-1 - steps)?.seq;
  const on = (kind: "answer" | "withdrawal" | "closing" | "reveal" | "correction", ...kinds: string[]) =>
    fc.tuple(who, near).map(
      ([by, steps]): Move =>
        (log) =>
          log.say(by, { kind, re: ago(log, steps, kinds) }),
    );
  const roles = fc.constantFrom(PARTY, PARTY, ["interviewer"], ["interviewee"], ["superuser"], ["legal"], []);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          who,
          fc.option(fc.subarray([...people, "super"], { minLength: 1, maxLength: 2 })),
          fc.constantFrom(0, 1, 1, 2),
        )
        .map(([by, to, days]): Move => {
          const named = to?.filter((one) => one !== by);
          return (log) =>
            log.say(by, { kind: "question", to: named, due: days > 0 ? log.now + days * DAY : undefined });
        }),
    },
    { weight: 6, arbitrary: on("answer", "question") },
    { weight: 1, arbitrary: on("withdrawal", "question") },
    { weight: 2, arbitrary: on("closing", "question") },
    {
      weight: 2,
      arbitrary: fc.tuple(who, near).map(
        ([by, nth]): Move =>
          (log) => {
            const sealed = [...log.state.sealed.keys()];
            log.say(by, { kind: "reveal", re: sealed[nth % Math.max(1, sealed.length)] });
          },
      ),
    },
    { weight: 2, arbitrary: on("correction", "answer", "question") },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...people), roles).map(
        ([one, its]): Move =>
          (log) =>
            log.setRoles(one, its),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.integer({ min: 1, max: 3 }).map(
        (days): Move =>
          (log) => {
            log.now += days * DAY;
          },
      ),
    },
  );
}

/** Plays a move; refused ones leave nothing. @returns The entries it has made. */
function play(log: TopicLog, move: Move): TopicLog["entries"] {
  const before = log.entries.length;
  try {
    move(log);
  } catch (thrown) {
    if (!(thrown instanceof RedRoomError)) throw thrown;
    expect(log.entries).toHaveLength(before);
  }
  return log.entries.slice(before);
}

function checkDecision(log: TopicLog, made: TopicLog["entries"], model: RegulatedModel): void {
  const [first] = made;
  if (first === undefined) return;
  const sealedBefore = model.sealedAt(first.seq - 1);
  const released = first.kind === "reveal" ? sealedBefore.get(first.re ?? 0)?.since : undefined;
  for (const { seq, kind, re = 0, by, to, asked = [] } of made) {
    if (kind === "reveal") {
      const sealed = model.sealedAt(seq - 1).get(re);
      expect(sealed, `reveal ${seq} of ${re}: at most once`).toBeDefined();
      if (sealed === undefined) continue;
      expect(to).toEqual([sealed.reader, sealed.by]);
      const owed = model.owedAt(seq - 1, sealed);
      const overdue = owed.every((one) => (log.entries[one - 1]?.due ?? Number.POSITIVE_INFINITY) <= log.now);
      if (sealed.since === released) expect(overdue, `release ${seq} before a deadline`).toBe(true);
      else expect({ by, owed }, `reveal ${seq} of ${re}`).toEqual({ by: "server", owed: [] });
    }
    for (const one of asked) {
      expect(log.capabilitiesOf(one).has("answer"), `question ${seq} asks ${one}`).toBe(true);
    }
  }
  if (first.kind === "closing" && made.length > 1) {
    expect(log.entries[(first.re ?? 0) - 1]?.due ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(log.now);
  }
}

function checkState(log: TopicLog, model: RegulatedModel): void {
  const end = log.entries.length;
  for (const [seq, sealed] of model.sealedAt(end)) {
    if (!model.membersAt(end).has(sealed.reader)) continue;
    expect(model.owedAt(end, sealed).length, `${seq} is sealed for nothing`).toBeGreaterThan(0);
  }
  const open = [...log.state.open].map(([seq, { by, asked }]) => [seq, { by, asked }] as const);
  const owing = [...model.openAt(end)];
  expect(new Map(open)).toEqual(new Map(owing));
  expect(log.state.sealed).toEqual(model.sealedAt(end));
  expect(log.state.members).toEqual(model.membersAt(end));
  expect(log.entries.reduce((state, entry) => foldEntry(state, entry, entry.text), emptyState(true))).toEqual(
    log.state,
  );
}

function checkReaders(log: TopicLog, people: readonly string[], model: RegulatedModel): void {
  const sealed = model.sealedAt(log.entries.length);
  for (const pseudonym of [...people, "super", "stranger"]) {
    const capabilities = log.capabilitiesOf(pseudonym);
    for (const leaf of log.entries) {
      if (visibilityOf(leaf, { pseudonym, capabilities }, log.state) !== "full") continue;
      const addressed = leaf.to === undefined || leaf.to.includes(pseudonym) || leaf.by === pseudonym;
      const reads = capabilities.has("readAll") || (capabilities.has("readAddressed") && addressed);
      expect(
        reads || (FOR_ALL.includes(leaf.kind) && capabilities.has("readAddressed")),
        `${pseudonym}: ${leaf.seq}`,
      ).toBe(true);
      expect(sealed.get(leaf.seq)?.reader === pseudonym && leaf.by !== pseudonym).toBe(false);
    }
  }
}

describe.each([
  ["two", ["anna", "bernd"]],
  ["three", ["anna", "bernd", "carla"]],
] as const)("whatever %s parties do in whatever order", (_, people) => {
  it("no answer is read before what its reader owed for it, and none is kept longer", { timeout: 300_000 }, () => {
    const seen = { entries: 0, sealed: 0, reveals: 0, releases: 0 };
    // Releases are rare: histories are drawn until one has met each of what this is about.
    for (let batch = 0; batch === 0 || (batch < 20 && Object.values(seen).includes(0)); batch += 1) {
      fc.assert(
        fc.property(fc.array(moves(people), { maxLength: 45, size: "max" }), (history) => {
          const members = Object.fromEntries(people.map((one) => [one, PARTY] as const));
          const log = new TopicLog(true, { ...members, super: ["superuser"] });
          const mayAnswer = (_who: string, roles: readonly string[]) =>
            roles.includes("interviewee") || roles.includes("superuser");
          for (const move of history) {
            const made = play(log, move);
            const model = new RegulatedModel(log.entries, mayAnswer);
            checkDecision(log, made, model);
            checkState(log, model);
            seen.releases += made.filter(({ kind, by }) => kind === "reveal" && by === "super").length;
          }
          checkReaders(log, people, new RegulatedModel(log.entries, mayAnswer));
          seen.entries += log.entries.length;
          seen.reveals += log.revealed().length;
          seen.sealed += log.state.sealed.size;
        }),
        { numRuns: 300 },
      );
    }
    // It has met what it is about.
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0);
  });
});
