import { RedRoomError } from "../base/errors.ts";
import { originOf, readCheckpoint } from "../evidence/checkpoint.ts";
import { LogTrust } from "../evidence/log-follower.ts";
import { equalHashes } from "../evidence/merkle.ts";

/** What a client has verified of each topic's log, for as long as it lives. */
export class KnownLogs {
  readonly #earlier: ReadonlyMap<string, string>;
  readonly #trust = new Map<string, LogTrust>();

  /**
   * @param earlier Checkpoints by topic id, as `checkpoints` has them.
   * @throws {RedRoomError} `OPTIONS_INVALID` for what is not a checkpoint of its topic.
   */
  constructor(earlier: ReadonlyMap<string, string>) {
    for (const [topicId, note] of earlier) {
      if (readCheckpoint(note)?.origin === originOf(topicId)) continue;
      throw new RedRoomError("OPTIONS_INVALID", `unable to trust a checkpoint; it is not one of the topic ${topicId}`);
    }
    this.#earlier = earlier;
  }

  /** The newest one of each topic, by the topic's id. */
  get checkpoints(): ReadonlyMap<string, string> {
    const notes = [...this.#trust].flatMap(([id, { checkpoint }]) =>
      checkpoint ? [[id, checkpoint.note] as const] : [],
    );
    return new Map([...this.#earlier, ...notes]);
  }

  /** Another log key, where the server has changed it, vouches for the same log: what was trusted is kept. */
  trust(topicId: string, publicKey: Uint8Array): LogTrust {
    const known = this.#trust.get(topicId);
    if (known !== undefined && equalHashes(known.log.publicKey, publicKey)) return known;
    const note = known?.checkpoint?.note ?? this.#earlier.get(topicId);
    const checkpoint = note === undefined ? undefined : readCheckpoint(note);
    const log = { origin: originOf(topicId), publicKey };
    const trust = new LogTrust(log, checkpoint && note !== undefined ? { ...checkpoint, note } : undefined);
    this.#trust.set(topicId, trust);
    return trust;
  }
}
