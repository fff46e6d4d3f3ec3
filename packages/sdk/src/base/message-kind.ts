/** What a person or bot can write. */
export const MESSAGE_KINDS = ["question", "answer", "note"] as const;

export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** Everything that a log can hold: messages, who has received them, and what the operator did with the record. */
export const ENTRY_KINDS = [...MESSAGE_KINDS, "delivery", "erasure", "export"] as const;

export type EntryKind = (typeof ENTRY_KINDS)[number];
