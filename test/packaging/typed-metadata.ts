// What an application writes to have its metadata typed. The types of the whole program change with it, so that
// custom-types.test.ts compiles it apart from everything else.
import type { SendOptions, Topic, TopicMessage } from "@redroom/sdk";

declare module "@redroom/sdk" {
  interface CustomTypes {
    question: { deal: string; stage: 1 | 2 };
    note: { tags: string[] };
    annotations: { checkedBy: string };
  }
}

const metadata = { deal: "Müller", stage: 1 } as const;

export async function write(topic: Topic, options: SendOptions): Promise<void> {
  await topic.ask("Wie hoch?", { metadata, priority: "high" });
  await topic.note("Gelesen.", { metadata: { tags: ["Bilanz"] } });
  await topic.send("Wie hoch?", { kind: "question", metadata });
  await topic.send("Gelesen.", { metadata: { tags: [] } });
  await topic.send("Gelesen.", options);
  await topic.answer({ seq: 1 }, "€ 25.000");

  // @ts-expect-error there is no such stage
  await topic.ask("Wie hoch?", { metadata: { deal: "Müller", stage: 3 } });
  // @ts-expect-error the stage is missing
  await topic.ask("Wie hoch?", { metadata: { deal: "Müller" } });
  // @ts-expect-error nobody has declared that
  await topic.ask("Wie hoch?", { metadata: { ...metadata, price: 1 } });
  // @ts-expect-error no metadata was declared for answers
  await topic.answer({ seq: 1 }, "€ 25.000", { metadata });
  // @ts-expect-error this is of questions
  await topic.send("Gelesen.", { kind: "note", metadata });
  // @ts-expect-error without a kind it is a note
  await topic.send("Gelesen.", { metadata });
}

export function read(message: TopicMessage): string | undefined {
  const checkedBy: string | undefined = message.annotations?.checkedBy;
  // @ts-expect-error not every message has it
  message.metadata?.deal;
  if (message.kind === "answer") {
    const none: undefined = message.metadata;
    return none;
  }
  if (message.kind !== "question") return checkedBy;
  const stage: 1 | 2 | undefined = message.metadata?.stage;
  // @ts-expect-error it is a number
  const wrong: string | undefined = message.metadata?.stage;
  return `${message.metadata?.deal} ${stage} ${wrong}`;
}
