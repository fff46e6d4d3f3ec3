import { type ClaimedCursor, type CursorKey, type CursorSave, type CursorStore, MAX_CURSORS } from "./cursor-store.ts";
import { cursorTaken, tooManyCursors, userUnknown } from "./store-errors.ts";

interface Cursor {
  readonly epoch: number;
  readonly number: number;
  readonly value: string;
}

/** The cursors of one person in one topic. */
interface Holding {
  readonly cursors: Map<string, Cursor>;
  /** The highest epoch of those that were dropped. */
  dropped: number;
}

/** Cursors that live as long as their process. */
export class MemoryCursors implements CursorStore {
  /** By person and topic. */
  readonly #people = new Map<string, Map<string, Holding>>();
  readonly #isErased: (person: string) => boolean;
  readonly #check: (topicId: string | undefined) => void;

  /** @param check Throws what stands against a call: the store is closed, or there is no such topic. */
  constructor(isErased: (person: string) => boolean, check: (topicId: string | undefined) => void) {
    this.#isErased = isErased;
    this.#check = check;
  }

  async claim({ topicId, person, name }: CursorKey): Promise<ClaimedCursor> {
    this.#check(topicId);
    if (this.#isErased(person)) throw userUnknown(person);
    const { cursors, dropped } = this.#holding(topicId, person);
    const before = cursors.get(name);
    if (before === undefined && cursors.size >= MAX_CURSORS) throw tooManyCursors(name);
    const claimed = { epoch: (before?.epoch ?? dropped) + 1, value: before?.value ?? "" };
    cursors.set(name, { ...claimed, number: 0 });
    return claimed;
  }

  async save({ topicId, person, name }: CursorKey, save: CursorSave): Promise<void> {
    this.#check(undefined);
    const { cursors } = this.#holding(topicId, person);
    const cursor = cursors.get(name);
    if (cursor?.epoch !== save.epoch) throw cursorTaken(name);
    if (save.number > cursor.number) cursors.set(name, save);
  }

  async drop({ topicId, person, name }: CursorKey): Promise<void> {
    this.#check(undefined);
    const holding = this.#holding(topicId, person);
    holding.dropped = Math.max(holding.dropped, holding.cursors.get(name)?.epoch ?? 0);
    holding.cursors.delete(name);
  }

  /** @internal The person was erased. */
  forget(person: string): void {
    this.#people.delete(person);
  }

  #holding(topicId: string, person: string): Holding {
    const topics = this.#people.get(person) ?? new Map<string, Holding>();
    this.#people.set(person, topics);
    const holding = topics.get(topicId) ?? { cursors: new Map<string, Cursor>(), dropped: 0 };
    topics.set(topicId, holding);
    return holding;
  }
}
