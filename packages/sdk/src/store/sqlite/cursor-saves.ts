import type { CursorKey, CursorSave } from "../cursor-store.ts";
import { cursorTaken } from "../store-errors.ts";

/** So many saves share a commit at most. */
const MAX_SAVES = 256;

interface Waiting {
  readonly save: CursorKey & CursorSave;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Saves of cursors share commits, so that many busy programs do not wait for a sync each: what comes while one is under way is in the next. */
export class CursorSaves {
  readonly #commit: (saves: readonly (CursorKey & CursorSave)[]) => Promise<readonly boolean[]>;
  #waiting: Waiting[] = [];
  #running = false;

  /** @param commit Says of each whether its claim still holds. */
  constructor(commit: (saves: readonly (CursorKey & CursorSave)[]) => Promise<readonly boolean[]>) {
    this.#commit = commit;
  }

  save(save: CursorKey & CursorSave): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ save, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_SAVES);
      try {
        const held = await this.#commit(batch.map(({ save }) => save));
        for (const [at, { save, resolve, reject }] of batch.entries()) {
          if (held[at]) resolve();
          else reject(cursorTaken(save.name));
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}
