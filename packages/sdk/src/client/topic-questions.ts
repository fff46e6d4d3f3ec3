import { protocolError } from "../protocol/frame.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { QuestionState } from "../rules/topic-state.ts";
import { messageOf, readEntry, type TopicMessage } from "./message.ts";
import type { Person } from "./person.ts";
import { expectLast, request } from "./request.ts";
import type { Reached } from "./topic-access.ts";
import type { TopicPeople } from "./topic-people.ts";

export interface QuestionsOptions {
  /** Those of all states by default. */
  readonly state?: QuestionState;
  /** Whose questions: a name, a pseudonym, or `"me"`. */
  readonly of?: string;
  /** Who may answer them: a name, a pseudonym, or `"me"`. */
  readonly for?: string;
  /** The seq of the last one that is known already: those behind it. */
  readonly after?: number;
  /** How many; 100 by default. */
  readonly limit?: number;
  /** Called for questions whose text we may not read, or nobody any more. */
  readonly onWithheld?: (seq: number) => void;
}

export interface TopicQuestion {
  readonly message: TopicMessage;
  readonly state: QuestionState;
  /** Who still has to answer it, in a regulated topic. */
  readonly asked?: readonly Person[];
}

/** Questions with their states, oldest first. Each text is held against its commitment; `proof` shows that it is in the log. */
export async function readQuestions(
  { link, id }: Reached,
  people: TopicPeople,
  { state, of, for: answerer, after: known, limit = 100, onWithheld }: QuestionsOptions,
): Promise<TopicQuestion[]> {
  const answers = answerer === undefined ? undefined : people.find(answerer);
  const wanted = {
    type: "listQuestions",
    topic: id,
    ...(state !== undefined && { state }),
    ...(of !== undefined && { of: people.find(of) }),
    ...(answers !== undefined && { for: answers }),
  } as const;
  const questions: TopicQuestion[] = [];
  for (let [after, more] = [known, true]; more && questions.length < limit; ) {
    const size = Math.min(limit - questions.length, link.limits.maxPageEntries);
    const response = await request(link, { ...wanted, ...(after !== undefined && { after }), limit: size });
    const page = readPage(response, id, people);
    for (const { seq, question } of page.questions) {
      if (question === undefined) onWithheld?.(seq);
      else questions.push(question);
      after = seq;
    }
    more = page.more && page.questions.length > 0;
  }
  return questions;
}

interface QuestionPage {
  readonly questions: readonly { readonly seq: number; readonly question: TopicQuestion | undefined }[];
  readonly more: boolean;
}

function readPage(response: readonly Message[], topicId: string, people: TopicPeople): QuestionPage {
  const { questions, more } = expectLast(response, "questionList");
  const entries = response.slice(0, -1);
  if (entries.length !== questions.length) {
    throw protocolError(`${entries.length} entries came with the states of ${questions.length} questions`);
  }
  const read = questions.map((listed, index) => ({
    seq: listed.seq,
    question: readQuestion(entries[index], listed, topicId, people),
  }));
  return { questions: read, more };
}

function readQuestion(
  entry: Message | undefined,
  { seq, state, asked }: MessageOf<"questionList">["questions"][number],
  topicId: string,
  people: TopicPeople,
): TopicQuestion | undefined {
  if (entry?.type === "placeholder") return undefined;
  if (entry?.type !== "entry") throw protocolError(`${entry?.type} has no place in a list of questions`);
  const message = messageOf(readEntry(entry, topicId, seq), people.nameOf);
  if (message?.kind !== "question") throw protocolError(`entry ${seq} is not a question`);
  return { message, state, ...(asked !== undefined && { asked: asked.map((one) => people.person(one)) }) };
}
