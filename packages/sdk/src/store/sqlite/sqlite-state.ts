import type Database from "better-sqlite3";
import { deliveryOf } from "../../evidence/delivery.ts";
import { type LeafFields, parseContent } from "../../evidence/leaf.ts";
import type { Range } from "../../evidence/ranges.ts";
import { membershipText, questionOf, rolesOf, type StateChange, type TopicState } from "../../rules/topic-state.ts";
import type { RecordedChange } from "../batch.ts";
import type { QuestionPage, ReceivedBy, StoredEntry, StoredQuestion } from "../topic-store.ts";
import { parseRanges } from "./ranges-column.ts";
import { ENTRY_COLUMNS, entryOf } from "./sqlite-entry.ts";

interface OpenRow {
  readonly seq: number;
  readonly asked: string | null;
  readonly leaf: string;
}

interface SealedRow {
  readonly seq: number;
  readonly by: string;
  readonly reader: string;
  readonly since: number;
}

type QuestionRow = StoredEntry & Pick<StoredQuestion, "state"> & { readonly asked: string | null };

const questionsFrom = (table: string): string => `SELECT ${ENTRY_COLUMNS}, state, asked FROM ${table}
  JOIN entries USING (topic, seq) LEFT JOIN contents USING (topic, seq)`;
/** The same for both: a `NULL` asks for nothing. */
const FILTER = `AND seq > @after AND (@of IS NULL OR author = @of) AND (
  @for IS NULL OR author <> @for AND (
    leaf -> '$.to' IS NULL OR EXISTS (SELECT 1 FROM json_each(leaf, '$.to') WHERE value = @for)
  )
) ORDER BY seq LIMIT @limit`;

/**
 * What the entries of a topic lead to, in the tables of one connection. Topics are given by their numbers. Indexes are named
 * where the planner would rather walk all rows of the topic, because they lie in order.
 */
export class SqliteState {
  readonly #statements;

  constructor(database: Database.Database) {
    const prepare = (sql: string) => database.prepare(sql);
    this.#statements = {
      members: prepare("SELECT pseudonym, roles FROM memberships WHERE topic = ? AND roles <> ''").raw(),
      open: prepare(
        `SELECT seq, asked, leaf FROM question_states INDEXED BY question_states_by_state JOIN entries USING (topic, seq)
         WHERE topic = ? AND state = 'open' ORDER BY seq`,
      ),
      sealed: prepare(
        `SELECT seq, author AS "by", reader, since FROM sealed_answers INDEXED BY sealed_answers_now JOIN entries USING (topic, seq)
         WHERE topic = ? AND revealed IS NULL ORDER BY seq`,
      ),
      questions: prepare(`${questionsFrom("question_states")} WHERE topic = @topic ${FILTER}`),
      questionsIn: prepare(
        `${questionsFrom("question_states INDEXED BY question_states_by_state")}
         WHERE topic = @topic AND state = @state ${FILTER}`,
      ),
      received: prepare("SELECT pseudonym, ranges FROM received WHERE topic = ?").raw(),
      deliveries: prepare(
        `SELECT leaf, content FROM entries INDEXED BY entries_deliveries JOIN contents USING (topic, seq)
         WHERE topic = ? AND kind = 'delivery' AND seq > ? ORDER BY seq`,
      ),
      wasMember: prepare("SELECT 1 FROM memberships WHERE topic = ? AND pseudonym = ?").pluck(),
      addMember: prepare("INSERT INTO memberships (roles, entry, topic, pseudonym) VALUES (?, ?, ?, ?)"),
      changeMember: prepare("UPDATE memberships SET roles = ?, entry = ? WHERE topic = ? AND pseudonym = ?"),
      addQuestion: prepare("INSERT INTO question_states (state, asked, entry, topic, seq) VALUES (?, ?, ?, ?, ?)"),
      changeQuestion: prepare("UPDATE question_states SET state = ?, asked = ?, entry = ? WHERE topic = ? AND seq = ?"),
      seal: prepare("INSERT INTO sealed_answers (topic, seq, reader, since) VALUES (?, ?, ?, ?)"),
      reveal: prepare("UPDATE sealed_answers SET revealed = ? WHERE topic = ? AND seq = ?"),
    };
  }

  /** Reads only what decides about the next entry. */
  of(topic: number, regulated: boolean): TopicState {
    const members = this.#statements.members.all(topic) as [string, string][];
    const open = this.#statements.open.all(topic) as OpenRow[];
    const sealed = this.#statements.sealed.all(topic) as SealedRow[];
    return {
      regulated,
      members: new Map(members.map(([pseudonym, roles]) => [pseudonym, rolesOf(roles)])),
      open: new Map(
        open.map(({ seq, asked, leaf }) => [
          seq,
          { ...questionOf(JSON.parse(leaf) as LeafFields), asked: askedOf(asked) },
        ]),
      ),
      sealed: new Map(sealed.map(({ seq, ...answer }) => [seq, answer])),
    };
  }

  /** Behind the entries that make the changes, in the same transaction. */
  record(topic: number, changes: readonly RecordedChange[]): void {
    for (const { by, change } of changes) this.#record(topic, by, change);
  }

  #record(topic: number, entry: number, change: StateChange): void {
    const statements = this.#statements;
    switch (change.type) {
      case "member": {
        const { pseudonym, roles } = change;
        const known = statements.wasMember.get(topic, pseudonym) !== undefined;
        const write = known ? statements.changeMember : statements.addMember;
        write.run(membershipText(roles), entry, topic, pseudonym);
        return;
      }
      case "question": {
        const { seq, state, asked } = change;
        const write = seq === entry ? statements.addQuestion : statements.changeQuestion;
        write.run(state, asked === undefined ? null : JSON.stringify(asked), entry, topic, seq);
        return;
      }
      case "sealed":
        statements.seal.run(topic, change.seq, change.reader, change.since);
        return;
      case "revealed":
        statements.reveal.run(entry, topic, change.seq);
    }
  }

  questions(topic: number, { state, of, for: recipient, after = 0, limit }: QuestionPage): StoredQuestion[] {
    const { questions, questionsIn } = this.#statements;
    const wanted = { topic, of: of ?? null, for: recipient ?? null, after, limit };
    const rows = state === undefined ? questions.all(wanted) : questionsIn.all({ ...wanted, state });
    return rows.map((row) => {
      const { state: its, asked } = row as QuestionRow;
      return { entry: entryOf(row), state: its, asked: askedOf(asked) };
    });
  }

  /** Reads deliveries only until everybody is found who has received the entry: mostly those right behind it. */
  deliveriesOf(topic: number, seq: number): ReceivedBy[] {
    const rows = this.#statements.received.all(topic) as [string, string][];
    const missing = new Set(rows.filter(([, ranges]) => covers(parseRanges(ranges), seq)).map(([one]) => one));
    const received: ReceivedBy[] = [];
    if (missing.size === 0) return received;
    for (const row of this.#statements.deliveries.iterate(topic, seq)) {
      const { leaf, content } = row as { readonly leaf: string; readonly content: string };
      const fields = JSON.parse(leaf) as LeafFields;
      const delivery = deliveryOf(fields, parseContent(content) ?? "");
      if (delivery === undefined || !covers([delivery], seq)) continue;
      for (const pseudonym of delivery.to) {
        if (missing.delete(pseudonym)) received.push({ pseudonym, at: fields.at });
      }
      if (missing.size === 0) break;
    }
    return received;
  }
}

const covers = (ranges: readonly Range[], seq: number): boolean =>
  ranges.some(({ first, last }) => first <= seq && seq <= last);

const askedOf = (column: string | null): readonly string[] | undefined =>
  column === null ? undefined : (JSON.parse(column) as string[]);
