/** What a message can be. */
export const MESSAGE_KINDS = ["question", "answer", "note"] as const;

export type MessageKind = (typeof MESSAGE_KINDS)[number];
