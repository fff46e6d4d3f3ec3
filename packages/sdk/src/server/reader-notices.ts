import { encodeMessage } from "../protocol/codec.ts";
import type { TopicState } from "../rules/topic-state.ts";
import type { Rights } from "./access.ts";
import type { Bulletin } from "./bulletin.ts";
import type { TopicRoom } from "./topic-room.ts";

/** What one reader was told besides the entries, and what it has to be told next. */
export class ReaderNotices {
  readonly #pseudonym: string;
  /** The version of the last notice of the bulletin. */
  #version = 0;
  #waitingNotices: ReturnType<Bulletin["since"]> = [];
  #rights: string;
  #waiting = "[]";
  /** The state that rights and waiting were told of. */
  #state: TopicState | undefined;
  #own: Uint8Array[] = [];

  /** @param rights As the reader was told when the topic was opened. */
  constructor(pseudonym: string, rights: Rights) {
    this.#pseudonym = pseudonym;
    this.#rights = keyOf(rights);
  }

  /** @returns The next frame to be sent; `undefined` when all is told. */
  next(
    room: Pick<TopicRoom, "bulletin" | "state" | "regulated" | "waiting">,
    who: { rights(): Rights },
  ): Uint8Array | undefined {
    if (this.#waitingNotices.length === 0) this.#waitingNotices = room.bulletin.since(this.#version);
    const notice = this.#waitingNotices.shift();
    if (notice !== undefined) {
      this.#version = notice.version;
      return notice.frame;
    }
    if (this.#state !== room.state) {
      this.#state = room.state;
      this.#own = [...this.#rightsNow(who.rights()), ...(room.regulated ? this.#waitingNow(room, who.rights()) : [])];
    }
    return this.#own.shift();
  }

  #rightsNow(rights: Rights): Uint8Array[] {
    const key = keyOf(rights);
    if (key === this.#rights) return [];
    this.#rights = key;
    const { roles, capabilities } = rights;
    return [encodeMessage({ type: "rights", roles: [...roles], capabilities: [...capabilities] })];
  }

  /** The pairs that the reader is one of; all of them for who may read everything. */
  #waitingNow(room: Pick<TopicRoom, "waiting">, { capabilities }: Rights): Uint8Array[] {
    const pairs = room
      .waiting()
      .filter(({ reader, answerer }) => {
        return capabilities.has("readAll") || reader === this.#pseudonym || answerer === this.#pseudonym;
      })
      .map(({ answers, questions, ...pair }) => ({ ...pair, answers: [...answers], questions: [...questions] }));
    const key = JSON.stringify(pairs);
    if (key === this.#waiting) return [];
    this.#waiting = key;
    return [encodeMessage({ type: "waiting", pairs })];
  }
}

const keyOf = ({ roles, capabilities }: Rights): string => JSON.stringify([roles, [...capabilities]]);
