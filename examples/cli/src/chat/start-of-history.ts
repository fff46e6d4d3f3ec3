import { RedRoomError, type Topic } from "@redroom/sdk";

/** So much of the history is shown at the start. */
const ROWS = 20;
/** Between messages lie entries that are not shown, of which there may be any number: so many are looked through. */
const MAX_ENTRIES = 1_280;

/**
 * From where on a topic has as many messages as are shown at the start, those counted whose text is not there. Who may not query
 * earlier correspondence begins as many entries before the end.
 *
 * @param head The number of its last entry.
 */
export async function startOfHistory(topic: Pick<Topic, "history">, head: number): Promise<number> {
  try {
    return await countBack(topic, head);
  } catch (error) {
    if (error instanceof RedRoomError && error.code === "NOT_ALLOWED") return Math.max(1, head - ROWS + 1);
    throw error;
  }
}

async function countBack(topic: Pick<Topic, "history">, head: number): Promise<number> {
  for (let entries = ROWS; ; entries *= 4) {
    const from = Math.max(1, head - entries + 1);
    const rows: number[] = [];
    const add = (seq: number) => void rows.push(seq);
    const messages = await topic.history({ from, limit: entries, onWithheld: add, onSealed: ({ seq }) => add(seq) });
    for (const { seq } of messages) add(seq);
    const first = rows.sort((one, other) => one - other).at(-ROWS);
    if (first !== undefined) return first;
    if (from === 1 || entries >= MAX_ENTRIES) return from;
  }
}
