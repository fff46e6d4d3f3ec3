import { describe, expect, it } from "vitest";
import { MESSAGE_KINDS } from "../../src/base/message-kind.ts";
import { memberPolicy } from "../../src/rules.ts";
import { TopicLog } from "./topic-log.ts";

const PEOPLE = {
  anna: ["interviewer"],
  bernd: ["interviewee"],
  carla: ["interviewer", "interviewee"],
  legal: ["legal"],
  watcher: ["archivist"],
  super: ["superuser"],
};

const room = (regulated = false) => new TopicLog(regulated, PEOPLE);
const last = (log: TopicLog) => log.entries.at(-1);

describe("who may write what", () => {
  it.each([
    ["question", ["anna", "carla", "super"]],
    ["answer", ["bernd", "super"]],
    ["note", ["super"]],
    ["withdrawal", ["carla"]],
    ["closing", ["super"]],
  ] as const)("%s: nobody but those whose role says so", (kind, allowed) => {
    const writers = [...Object.keys(PEOPLE), "stranger"].filter((who) => {
      const log = room();
      const re = kind === "question" || kind === "note" ? undefined : log.say("carla", { kind: "question" });
      return log.refusal(who, { kind, re }) === undefined;
    });
    expect(writers).toEqual(allowed);
  });

  it("tells a stranger the same of everything", () => {
    const log = room();
    log.say("anna", { kind: "question" });
    for (const kind of MESSAGE_KINDS) {
      for (const re of [undefined, 1, 7, 8, 99]) {
        for (const text of ["…", ""]) expect(log.refusal("stranger", { kind, re, text })).toBe("NOT_ALLOWED");
      }
    }
  });
});

describe("what a wish refers to", () => {
  it("is refused in one way, whether it is hidden or of no use: nothing is told about it", () => {
    const log = room();
    const hidden = log.say("super", { kind: "question", to: ["carla"] });
    const answered = log.say("super", { kind: "question", to: ["carla"] });
    log.say("carla", { kind: "answer", re: answered });
    const note = log.say("super", { kind: "note", to: ["carla"] });
    const refused = [hidden, answered, answered + 1, note].map((re) => log.refused("bernd", { kind: "answer", re }));
    expect(new Set(refused.map((error) => error?.message))).toEqual(
      new Set(["unable to answer; your role in this topic does not allow it"]),
    );
    expect(new Set(refused.map((error) => error?.code))).toEqual(new Set(["NOT_ALLOWED"]));
  });

  it("must be there", () => {
    const log = room();
    expect(log.refusal("bernd", { kind: "answer", re: 99 })).toBe("REFERENCE_INVALID");
    expect(log.refusal("anna", { kind: "question", re: 99 })).toBe("REFERENCE_INVALID");
  });

  it.each(["answer", "correction", "withdrawal", "closing", "reveal"] as const)("is needed by a %s", (kind) => {
    expect(room().refusal("super", { kind })).toBe("REFERENCE_INVALID");
  });

  it.each(["answer", "withdrawal", "closing"] as const)("is a question, for a %s", (kind) => {
    const log = room();
    expect(log.refusal("super", { kind, re: log.say("super", { kind: "note" }) })).toBe("REFERENCE_INVALID");
    expect(log.refusal("super", { kind, re: 1 })).toBe("REFERENCE_INVALID");
  });

  it("is any entry that its author sees, for a question or a note", () => {
    const log = room();
    const first = log.say("anna", { kind: "question" });
    expect(log.entries[log.say("anna", { kind: "question", re: first }) - 1]).toMatchObject({ re: first });
  });
});

describe("a text", () => {
  it.each(["question", "answer", "note", "correction", "closing"] as const)("is needed by a %s", (kind) => {
    const log = room();
    const re = kind === "question" || kind === "note" ? undefined : log.say("anna", { kind: "question" });
    expect(log.refusal("super", { kind, re, text: "" })).toBe("TEXT_INVALID");
  });

  it("is not needed to withdraw", () => {
    const log = room();
    const re = log.say("anna", { kind: "question" });
    expect(log.refusal("anna", { kind: "withdrawal", re, text: "" })).toBeUndefined();
  });
});

describe("a question", () => {
  it.each([
    ["nobody", []],
    ["somebody twice", ["bernd", "bernd"]],
    ["its author", ["anna", "bernd"]],
    ["a stranger", ["bernd", "stranger"]],
  ])("is refused when it names %s", (_, to) => {
    expect(room().refusal("anna", { kind: "question", to })).toBe("RECIPIENT_INVALID");
  });

  it("has priority and deadline in its leaf, where they say something", () => {
    const log = room();
    log.say("anna", { kind: "question", to: ["bernd"], priority: "high", due: 2_000 });
    expect(last(log)).toMatchObject({ to: ["bernd"], priority: "high", due: 2_000, by: "anna" });
    log.say("anna", { kind: "question", priority: "normal" });
    expect(last(log)?.priority).toBeUndefined();
    expect(last(log)?.asked).toBeUndefined();
  });

  it("has a deadline to come", () => {
    expect(room().refusal("anna", { kind: "question", due: 1_000 })).toBe("DEADLINE_INVALID");
    expect(room().refusal("anna", { kind: "question", due: 1_001 })).toBeUndefined();
  });

  it("is one too many when as many are open as one person may have", () => {
    const log = room();
    log.maxOpenQuestions = 2;
    const first = log.say("anna", { kind: "question" });
    log.say("anna", { kind: "question" });
    expect(log.refusal("anna", { kind: "question" })).toBe("TOO_MANY_QUESTIONS");
    expect(log.refusal("carla", { kind: "question" })).toBeUndefined();
    log.say("bernd", { kind: "answer", re: first });
    expect(log.refusal("anna", { kind: "question" })).toBeUndefined();
  });

  it("asks those who may answer, where the conversation is regulated", () => {
    const log = room(true);
    log.say("carla", { kind: "question" });
    expect(last(log)?.asked).toEqual(["bernd", "super"]);
    log.say("carla", { kind: "question", to: ["anna", "bernd", "legal"] });
    expect(last(log)?.asked).toEqual(["bernd"]);
  });

  it("asks at most 256 people, where the conversation is regulated", () => {
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`p${index}`, ["interviewee"]]));
    const log = new TopicLog(true, { ...PEOPLE, ...many });
    expect(log.refusal("anna", { kind: "question" })).toBe("RECIPIENT_INVALID");
    expect(new TopicLog(false, { ...PEOPLE, ...many }).refusal("anna", { kind: "question" })).toBeUndefined();
  });
});

describe("an answer", () => {
  it("is given by those who were asked, never by the asker", () => {
    const log = room();
    const toBernd = log.say("super", { kind: "question", to: ["bernd", "legal"] });
    expect(log.refusal("carla", { kind: "answer", re: toBernd })).toBe("NOT_ALLOWED");
    expect(log.refusal("super", { kind: "answer", re: toBernd })).toBe("NOT_ALLOWED");
    expect(log.refusal("bernd", { kind: "answer", re: toBernd })).toBeUndefined();
  });

  it("goes to whom the question went: to its asker where that was addressed", () => {
    const log = room();
    log.say("bernd", { kind: "answer", re: log.say("anna", { kind: "question" }) });
    expect(last(log)?.to).toBeUndefined();
    const addressed = log.say("anna", { kind: "question", to: ["bernd", "carla"] });
    log.say("bernd", { kind: "answer", re: addressed });
    expect(last(log)?.to).toEqual(["anna"]);
    log.say("carla", { kind: "answer", re: addressed, to: ["bernd"] });
    expect(last(log)?.to).toEqual(["anna", "bernd"]);
  });

  it("may follow another, but not a withdrawal or a closing", () => {
    const log = room();
    const [one, two, three] = [1, 2, 3].map(() => log.say("anna", { kind: "question" }));
    log.say("bernd", { kind: "answer", re: one });
    expect(log.refusal("carla", { kind: "answer", re: one })).toBeUndefined();
    log.say("anna", { kind: "withdrawal", re: two });
    expect(log.refusal("bernd", { kind: "answer", re: two })).toBe("REFERENCE_INVALID");
    log.say("super", { kind: "closing", re: three });
    expect(log.refusal("bernd", { kind: "answer", re: three })).toBe("REFERENCE_INVALID");
  });

  it("is for its asker only, where the conversation is regulated", () => {
    const log = room(true);
    const re = log.say("anna", { kind: "question" });
    expect(log.refusal("bernd", { kind: "answer", re, to: ["carla"] })).toBe("RECIPIENT_INVALID");
    expect(log.refusal("bernd", { kind: "answer", re, to: ["anna", "carla"] })).toBe("RECIPIENT_INVALID");
    const answer = log.say("bernd", { kind: "answer", re });
    expect(log.entries[answer - 1]?.to).toEqual(["anna"]);
  });
});

describe("a correction", () => {
  it("is of one's own message, and goes to whom that went", () => {
    const log = room();
    const re = log.say("anna", { kind: "question", to: ["bernd", "carla"] });
    log.say("anna", { kind: "correction", re, to: ["carla"] });
    expect(last(log)).toMatchObject({ kind: "correction", to: ["bernd", "carla"], re });
    expect(log.refusal("carla", { kind: "correction", re })).toBe("NOT_ALLOWED");
    expect(log.refusal("legal", { kind: "correction", re })).toBe("NOT_ALLOWED");
  });

  it("is of the message itself, not of a correction or a membership", () => {
    const log = room();
    const correction = log.say("anna", { kind: "correction", re: log.say("anna", { kind: "question" }) });
    expect(log.refusal("anna", { kind: "correction", re: correction })).toBe("REFERENCE_INVALID");
    expect(log.refusal("anna", { kind: "correction", re: 1 })).toBe("REFERENCE_INVALID");
  });

  it("needs the right that the message needed", () => {
    const log = room();
    const re = log.say("anna", { kind: "question" });
    log.setRoles("anna", ["interviewee"]);
    expect(log.refusal("anna", { kind: "correction", re })).toBe("NOT_ALLOWED");
  });
});

describe("the end of a question", () => {
  it("is its author's to withdraw, once; to others its state is not told", () => {
    const log = room();
    const re = log.say("anna", { kind: "question" });
    expect(log.refusal("carla", { kind: "withdrawal", re })).toBe("NOT_ALLOWED");
    log.say("anna", { kind: "withdrawal", re });
    expect(log.refusal("anna", { kind: "withdrawal", re })).toBe("REFERENCE_INVALID");
    expect(log.refusal("carla", { kind: "withdrawal", re })).toBe("NOT_ALLOWED");
  });

  it("is told to those who know the question, and its asker", () => {
    const log = room();
    const re = log.say("anna", { kind: "question", to: ["bernd", "super"] });
    log.say("super", { kind: "closing", re, text: "erledigt" });
    expect(last(log)).toMatchObject({ kind: "closing", to: ["anna", "bernd"], re, text: "erledigt" });
    expect(log.refusal("super", { kind: "closing", re })).toBe("REFERENCE_INVALID");
  });
});

describe("a membership", () => {
  it("is said by who has decided it, to all", () => {
    const log = room();
    log.setRoles("dora", ["legal", "archivist"]);
    expect(last(log)).toMatchObject({ kind: "membership", by: "operator", to: ["dora"], text: "legal archivist" });
  });

  it("counts at once: who may not answer any more owes nothing, and what waited for it is revealed with it", () => {
    const log = room(true);
    const [hers, his] = [
      log.say("carla", { kind: "question", to: ["super"] }),
      log.say("super", { kind: "question", to: ["carla"] }),
    ];
    const answer = log.say("super", { kind: "answer", re: hers });
    expect(log.revealed()).toEqual([]);
    const change = log.setRoles("carla", ["interviewer"]);
    expect(log.entries.slice(change - 1)).toMatchObject([{ kind: "membership" }, { kind: "reveal", re: answer }]);
    expect(log.state.open.get(his)?.asked).toEqual(["carla"]);
  });

  it("of somebody who owes an answer lets nobody release theirs: who comes back owes what they owed", () => {
    const log = new TopicLog(true, { ...PEOPLE, mona: ["superuser"] });
    const hers = log.say("carla", { kind: "question", to: ["super"] });
    log.say("super", { kind: "question", to: ["carla"] });
    const answer = log.say("super", { kind: "answer", re: hers });
    log.setRoles("carla", []);
    expect(log.refusal("mona", { kind: "reveal", re: answer })).toBe("NOT_ALLOWED");
    log.setRoles("carla", ["interviewer", "interviewee"]);
    expect(log.refusal("mona", { kind: "reveal", re: answer })).toBe("NOT_ALLOWED");
    expect(log.revealed()).toEqual([]);
  });
});

describe("answers that wait for their counterpart", () => {
  it("are as many as open questions may be: they are revealed all at once", () => {
    const log = room(true);
    log.maxOpenQuestions = 3;
    const hers = log.say("carla", { kind: "question", to: ["super"] });
    const his = log.say("super", { kind: "question", to: ["carla"] });
    const first = log.say("super", { kind: "answer", re: hers });
    log.say("super", { kind: "correction", re: first });
    log.say("super", { kind: "answer", re: hers });
    for (const kind of ["answer", "correction"] as const) {
      const re = kind === "answer" ? hers : first;
      expect(log.refusal("super", { kind, re })).toBe("TOO_MANY_REQUESTS");
    }
    log.say("carla", { kind: "answer", re: his });
    expect(log.revealed()).toHaveLength(4);
  });
});

describe("the policy of a plain chat", () => {
  it("lets members ask, answer and write notes, and nobody close", () => {
    const log = new TopicLog(false, { anna: ["member"], bernd: ["member"] }, memberPolicy);
    const re = log.say("anna", { kind: "question" });
    log.say("bernd", { kind: "answer", re });
    log.say("anna", { kind: "note" });
    expect(log.refusal("bernd", { kind: "closing", re })).toBe("NOT_ALLOWED");
  });
});
