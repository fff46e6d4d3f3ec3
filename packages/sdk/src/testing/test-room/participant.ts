import { AssertionError } from "node:assert";
import { RedRoomError } from "../../base/errors.ts";
import type { ReadableKind, SealedMessage, TopicMessage } from "../../client/message.ts";
import type { RedRoomClient } from "../../client/redroom-client.ts";
import type { Delivered, DeliveredOptions, Sending, Stored } from "../../client/sending.ts";
import type { Topic } from "../../client/topic.ts";
import { describe, type Expectation, type Expected } from "./expectation.ts";
import type { Arrival, Inbox } from "./inbox.ts";
import type { Player } from "./player.ts";
import type { RoomTime } from "./room-time.ts";

type NoteOptions = Parameters<Topic["note"]>[1];
type AskOptions = Parameters<Topic["ask"]>[1];
type AnswerOptions = Parameters<Topic["answer"]>[2];

/** Something that a participant has said, on record. */
export interface Said extends Stored {
  readonly text: string;
  /**
   * Lets time pass until those have it whom it is for.
   *
   * @throws {AssertionError} When they have not confirmed it within 5,000 ms of the room's time.
   */
  delivered(options?: Pick<DeliveredOptions, "by">): Promise<Delivered>;
}

export interface Patience {
  /** How much of the room's time may pass; 5,000 by default. */
  readonly withinMs?: number;
}

/** What a participant needs of the room. */
export interface ParticipantRoom<Title extends string> {
  readonly time: RoomTime;
  readonly titles: readonly Title[];
  readonly transcript: { toString(): string };
}

/** A message may have to wait for a connection. */
const STORED_WITHIN_MS = 60_000;
const EXPECTED_WITHIN_MS = 5_000;
const NOTHING_WITHIN_MS = 1_000;

/**
 * Somebody of the room who follows the test's script, in one topic. Online from the first line on, and a reader of the topic
 * from its start.
 */
export class Participant<Name extends string = string, Title extends string = string> {
  readonly #player: Player;
  readonly #room: ParticipantRoom<Title>;
  readonly #title: Title | undefined;

  /** @internal */
  constructor(player: Player, room: ParticipantRoom<Title>, title: Title | undefined) {
    this.#player = player;
    this.#room = room;
    this.#title = title;
  }

  /** The same person in another topic: where the room has several, one has to be named. */
  topic(title: Title): Participant<Name, Title> {
    return new Participant(this.#player, this.#room, title);
  }

  /** Comes online, and reads the topic, without a word. @returns The topic as the SDK's client has it. */
  async joins(): Promise<Topic> {
    return this.#opened();
  }

  /** The connection of this person, for what the script has no word for. Comes online. */
  async client(): Promise<RedRoomClient> {
    return this.#wait(this.#player.client(), `${this.name} is online`, STORED_WITHIN_MS);
  }

  get name(): string {
    return this.#player.name;
  }

  /** Writes a note. Resolves when it is on record. @throws {RedRoomError} What it is refused with. */
  says(text: string, options?: NoteOptions): Promise<Said> {
    return this.#send((topic, id) => topic.note(text, { id, ...options }));
  }

  /** As `says`. */
  asks(text: string, options?: AskOptions): Promise<Said> {
    return this.#send((topic, id) => topic.ask(text, { id, ...options }));
  }

  /** As `says`. */
  answers(question: { readonly seq: number }, text: string, options?: AnswerOptions): Promise<Said> {
    return this.#send((topic, id) => topic.answer(question, text, { id, ...options }));
  }

  /** As `says`. */
  corrects({ seq }: { readonly seq: number }, text: string): Promise<Said> {
    return this.#send((topic, id) => topic.send(text, { id, kind: "correction", re: seq }));
  }

  /** Withdraws a question of theirs. As `says`. */
  withdraws({ seq }: { readonly seq: number }, reason = ""): Promise<Said> {
    return this.#send((topic, id) => topic.send(reason, { id, kind: "withdrawal", re: seq }));
  }

  /** Closes somebody's question. As `says`. */
  closes({ seq }: { readonly seq: number }, reason: string): Promise<Said> {
    return this.#send((topic, id) => topic.send(reason, { id, kind: "closing", re: seq }));
  }

  /** Reveals a sealed answer whose counterpart is overdue. As `says`. */
  releases({ seq }: { readonly seq: number }, reason = ""): Promise<Said> {
    return this.#send((topic, id) => topic.send(reason, { id, kind: "reveal", re: seq }));
  }

  /**
   * The next message that fits, behind the one that was expected last; others before it are passed over. Own messages do not
   * count, unless `from` says so. Where none has come yet, time passes until it has.
   *
   * @throws {AssertionError} When it has not come in time, with all that has happened.
   */
  async expects<const Kind extends ReadableKind = ReadableKind>(
    expected: Expected<Name, Kind>,
    patience: Patience = {},
  ): Promise<TopicMessage<Kind>> {
    return (await this.#expect("message", expected as Expected, patience)) as TopicMessage<Kind>;
  }

  /** As `expects`, an answer that this person may not read yet. */
  async expectsSealed(
    expected: Omit<Expectation<Name>, "text" | "kind" | "where"> = {},
    patience: Patience = {},
  ): Promise<SealedMessage> {
    return (await this.#expect("sealed", expected, patience)) as SealedMessage;
  }

  /**
   * Lets time pass: 1,000 ms, or as much as `withinMs` says. Nothing that fits has come by then, since the message that was
   * expected last; without `expected`, nothing at all of anybody else.
   *
   * @throws {AssertionError} When something has.
   */
  async expectsNothing(expected: Expected<Name> = {}, { withinMs = NOTHING_WITHIN_MS }: Patience = {}): Promise<void> {
    const { inbox } = await this.#reading();
    await this.#room.time.pass(withinMs);
    const type = (["message", "sealed"] as const).find((one) => inbox.has(one, expected as Expected));
    if (type === undefined) return;
    const what = `${this.name} expected no such thing, and it has come: ${describe(expected as Expected)}`;
    throw new AssertionError({ message: this.#story(what, inbox) });
  }

  async #expect(type: Arrival["type"], expected: Expected, { withinMs = EXPECTED_WITHIN_MS }: Patience) {
    const { inbox } = await this.#reading();
    await this.#room.time.until(() => inbox.has(type, expected) || inbox.failure !== undefined, withinMs);
    const found = inbox.take(type, expected);
    if (found !== undefined) return found;
    const seal = type === "sealed" ? "sealed " : "";
    const why = inbox.failure?.message ?? `within ${withinMs} ms of the room's time`;
    const what = `${this.name} expected this, and it has not come: ${seal}${describe(expected)}; ${why}`;
    throw new AssertionError({ message: this.#story(what, inbox) });
  }

  async #send(send: (topic: Topic, id: string) => Sending): Promise<Said> {
    const sending = send(await this.#opened(), this.#player.nextId());
    const stored = await this.#wait(sending, `the ${sending.kind} of ${this.name} is on record`, STORED_WITHIN_MS);
    return {
      ...stored,
      text: sending.text,
      delivered: (by) =>
        this.#wait(sending.delivered(by), `the others have #${stored.seq} of ${this.name}`, EXPECTED_WITHIN_MS),
    };
  }

  async #reading(): Promise<{ readonly inbox: Inbox }> {
    await this.#opened();
    return { inbox: this.#player.inbox(this.#chosen) };
  }

  #opened(): Promise<Topic> {
    return this.#wait(this.#player.topic(this.#chosen), `${this.name} is in "${this.#chosen}"`, STORED_WITHIN_MS);
  }

  get #chosen(): Title {
    const [first, second] = this.#room.titles;
    if (this.#title !== undefined) return this.#title;
    if (first !== undefined && second === undefined) return first;
    throw new RedRoomError("OPTIONS_INVALID", `unable to choose a topic; there are ${this.#room.titles.length}`, {
      remedy: `name it: room.as("${this.name}").topic(${JSON.stringify(first ?? "title")})`,
    });
  }

  /** Lets time pass until it is so. @param what In words, for when it never is. */
  async #wait<T>(work: PromiseLike<T>, what: string, withinMs: number): Promise<T> {
    if (await this.#room.time.done(work, withinMs)) return work;
    const message = `it is not so, after ${withinMs} ms of the room's time: ${what}\n\n${this.#room.transcript}\n`;
    throw new AssertionError({ message });
  }

  #story(what: string, inbox: Inbox): string {
    const rest = inbox.rest.map(({ type, message }) =>
      type === "sealed"
        ? `  #${message.seq} sealed ${message.kind} of ${message.author}`
        : `  #${message.seq} ${message.kind} of ${message.author}: ${JSON.stringify(message.text)}`,
    );
    const came = rest.length === 0 ? "  nothing" : rest.join("\n");
    return `${what}\n\nWhat has come to ${this.name} since the last expectation:\n${came}\n\nAll that has happened, and who may read it:\n${this.#room.transcript}\n`;
  }
}
