import { expect, it } from "vitest";
import { verifyStore } from "../../src/sqlite.ts";
import { newRecord } from "./verify-world.ts";

/** What an insider does to the tables behind the triggers, and which entry `verify` names. */
const ATTACKS: readonly (readonly [what: string, sql: string, seq: number | undefined])[] = [
  ["gives a member more roles", "UPDATE memberships SET roles = 'superuser' WHERE roles = 'interviewer'", undefined],
  ["gives a membership another entry", "UPDATE memberships SET entry = 4", undefined],
  ["removes a member", "DELETE FROM memberships WHERE roles = 'interviewer'", undefined],
  ["adds a member", "INSERT INTO memberships VALUES (2, 'another', 'legal', 3)", undefined],
  ["closes an open question", "UPDATE question_states SET state = 'closed' WHERE seq = 10", 10],
  ["opens a question again", "UPDATE question_states SET state = 'open' WHERE seq = 6", 6],
  ["relieves somebody of answering", "UPDATE question_states SET asked = '[]' WHERE seq = 10", 10],
  ["gives a question another entry", "UPDATE question_states SET entry = 9 WHERE seq = 5", 5],
  ["removes a question", "DELETE FROM question_states WHERE seq = 10", 10],
  ["adds a question", "INSERT INTO question_states VALUES (2, 1, 'open', NULL, 1)", 1],
  ["reveals an answer", "UPDATE sealed_answers SET revealed = 9 WHERE seq = 8", 8],
  ["seals an answer again", "UPDATE sealed_answers SET revealed = NULL WHERE seq = 7", 7],
  ["seals an answer for another", "UPDATE sealed_answers SET reader = 'another' WHERE seq = 8", 8],
  ["makes a sealed answer older", "UPDATE sealed_answers SET since = 1 WHERE seq = 8", 8],
  ["removes a sealed answer", "DELETE FROM sealed_answers WHERE seq = 8", 8],
  ["seals what is no answer", "INSERT INTO sealed_answers VALUES (2, 1, 'another', 1, NULL)", 1],
  [
    "ends a regulation, and all that it sealed",
    "UPDATE topics SET regulated = 0 WHERE title = 'Asset Deal'; DELETE FROM sealed_answers",
    5,
  ],
];

it.each(ATTACKS)("finds it when somebody %s", async (_what, sql, seq) => {
  await using record = await newRecord();
  expect((await verifyStore(record.file)).faults).toEqual([]);
  record.attackBehindTriggers(sql);
  expect((await verifyStore(record.file)).faults).toMatchObject([{ topic: "Asset Deal", kind: "state", seq }]);
});
