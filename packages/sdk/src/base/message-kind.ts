/**
 * What people write: what they say, and what they do to it, with the reason as its text. A correction, a withdrawal, a
 * closing and a reveal refer to what they concern.
 */
export const MESSAGE_KINDS = ["question", "answer", "note", "correction", "withdrawal", "closing", "reveal"] as const;

export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** Everything that a log can hold: messages, who belongs to the topic, who has received what, and what the operator did. */
export const ENTRY_KINDS = [...MESSAGE_KINDS, "membership", "delivery", "erasure", "export"] as const;

export type EntryKind = (typeof ENTRY_KINDS)[number];

/** How soon a question wants an answer; `normal` where nothing is said. */
export const PRIORITIES = ["low", "normal", "high"] as const;

export type Priority = (typeof PRIORITIES)[number];
