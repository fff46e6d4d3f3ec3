import { readFileSync } from "node:fs";
import type { MessageKind } from "@redroom/sdk";

/** A line of the written conversation. */
export interface Line {
  readonly topic: string;
  /** 1, 2, 3 … among the lines of its topic. */
  readonly seq: number;
  readonly by: string;
  readonly kind: MessageKind;
  readonly text: string;
  /** The number of the question that an answer refers to. */
  readonly re: number | undefined;
}

export interface Conversation {
  readonly people: readonly string[];
  readonly bot: string;
  /** Of each of them, in every topic. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
  /** Titles. */
  readonly topics: readonly string[];
  /** In the order in which they are said. */
  readonly lines: readonly Line[];
}

interface Written {
  readonly people: readonly string[];
  readonly bot: string;
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly topics: Readonly<Record<string, string>>;
  readonly lines: readonly (Pick<Line, "topic" | "by" | "kind" | "text"> & {
    readonly id?: string;
    readonly re?: string;
  })[];
}

/** What tells lines apart, and can be read from a message too: nothing is said twice in a topic. */
export const lineKey = ({ topic, text }: Pick<Line, "topic" | "text">): string => JSON.stringify([topic, text]);

/** Reads `conversation.json`, where topics and questions have short names instead of titles and numbers. */
export function readConversation(file = new URL("../conversation.json", import.meta.url)): Conversation {
  const { people, bot, roles, topics, lines } = JSON.parse(readFileSync(file, "utf8")) as Written;
  const heads = new Map<string, number>();
  const questions = new Map<string, number>();
  return {
    people,
    bot,
    roles,
    topics: Object.values(topics),
    lines: lines.map(({ topic, by, kind, text, id, re }) => {
      const seq = (heads.get(topic) ?? 0) + 1;
      heads.set(topic, seq);
      if (id !== undefined) questions.set(id, seq);
      return {
        topic: topics[topic] ?? topic,
        seq,
        by,
        kind,
        text,
        re: re === undefined ? undefined : questions.get(re),
      };
    }),
  };
}
