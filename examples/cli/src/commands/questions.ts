import type { QuestionsOptions } from "@redroom/sdk";
import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { questionJson, questionLine } from "../lists/question-line.ts";
import { jsonLine } from "../message-line.ts";

export interface QuestionsCommandOptions extends ConnectionOptions {
  readonly topic: string;
  readonly state?: NonNullable<QuestionsOptions["state"]>;
  readonly of?: string;
  readonly for?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

/** Prints questions with their states, oldest first. */
export async function questions(address: string, options: QuestionsCommandOptions, context: Context): Promise<void> {
  const { state, of, for: answerer, limit = Number.POSITIVE_INFINITY, json } = options;
  const { output, texts } = context;
  await using client = await connect(address, options, context);
  const topic = await client.topic(options.topic).open();
  const wanted = { ...(state && { state }), ...(of && { of }), ...(answerer && { for: answerer }) };
  for (const question of await topic.questions({ ...wanted, limit })) {
    const line = `${questionLine(question, texts)}  [${texts(`questionState.${question.state}`)}]`;
    await output.line(json ? jsonLine(questionJson(question)) : line);
  }
}
