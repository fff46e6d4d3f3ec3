interface Notice {
  readonly version: number;
  readonly frame: Uint8Array;
}

/** What every reader of a topic is to know besides the entries, such as names: of each thing the newest frame only. */
export class Bulletin {
  /** In the order of their versions. */
  readonly #notices = new Map<string, Notice>();
  #version = 0;

  /** Grows with every notice. */
  get version(): number {
    return this.#version;
  }

  /** How many notices a newcomer gets. */
  get size(): number {
    return this.#notices.size;
  }

  /** Takes the place of what was said of the same thing before. */
  post(about: string, frame: Uint8Array): void {
    this.#version += 1;
    this.#notices.delete(about);
    this.#notices.set(about, { version: this.#version, frame });
  }

  /** What is newer than a version, oldest first. */
  since(version: number): Notice[] {
    return version === this.#version ? [] : [...this.#notices.values()].filter((notice) => notice.version > version);
  }
}
