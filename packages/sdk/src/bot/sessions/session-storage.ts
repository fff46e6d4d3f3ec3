/** Where a bot keeps what it remembers between messages: texts under keys, all of them the bot's own. */
export interface SessionStorage {
  /** What was written last under the key; `undefined` for nothing. */
  read(key: string): Promise<string | undefined>;
  /**
   * Puts a value in the place of the one before, whole or not at all; `undefined` removes it. Resolves once a crash takes it back no
   * more, as far as this storage promises that at all. Several at the same time take effect in call order. When it rejects, the
   * value may be there or not: writing it again is right.
   */
  write(key: string, value: string | undefined): Promise<void>;
  /** Finishes what was written, and lets go of what the storage holds. Nothing else is called behind it. Idempotent. */
  close?(): Promise<void>;
}
