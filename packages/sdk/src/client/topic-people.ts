import { RedRoomError } from "../base/errors.ts";
import type { MessageOf } from "../protocol/messages.ts";
import { CAPABILITIES } from "../rules/policy.ts";
import { rolesOf } from "../rules/topic-state.ts";
import type { ReadEntry } from "./message.ts";
import type { Member, Person, Presence, Self, WaitingPair } from "./person.ts";
import type { TopicEvents } from "./topic-events.ts";

/** What a topic's stream tells about people, beside the log. */
export type PeopleMessage = MessageOf<"member" | "rights" | "presence" | "typing" | "waiting">;

/** The events that are about people. */
type PeopleEvent = "member" | "rights" | "presence" | "typing" | "waiting";

type TellOfPeople = <E extends PeopleEvent>(event: E, about: TopicEvents[E]) => void;

interface Known {
  name: string;
  /** None: no member, or no longer. */
  roles: readonly string[];
  presence: Presence | undefined;
}

/**
 * Who belongs to a topic, who we are in it, who is there, and who waits for whom. All streams of a topic tell the same; an
 * event is one change, however often it is told.
 */
export class TopicPeople {
  /** Called with the pseudonym of somebody who is no member any more. */
  onLeft: (pseudonym: string) => void = () => {};
  readonly #tell: TellOfPeople;
  /** By pseudonym; those who have left keep their names: they have written. */
  readonly #known = new Map<string, Known>();
  /** What we know of the members is as it was behind this seq, or later; -1: nobody has told yet. */
  #asOf = -1;
  #self: Omit<Self, "name"> | undefined;
  #ownName = "";
  #waiting: MessageOf<"waiting">["pairs"] = [];
  readonly #typing = new Set<string>();

  constructor(tell: TellOfPeople) {
    this.#tell = tell;
  }

  get members(): readonly Member[] {
    return [...this.#known].flatMap(([id, one]) => (one.roles.length === 0 ? [] : [{ id, ...one }]));
  }

  get self(): Self | undefined {
    return this.#self && { ...this.#self, name: this.nameOf(this.#self.id) };
  }

  get waiting(): readonly WaitingPair[] {
    return this.#waiting.map((pair) => ({
      ...pair,
      reader: this.person(pair.reader),
      answerer: this.person(pair.answerer),
    }));
  }

  readonly nameOf = (pseudonym: string): string =>
    this.#known.get(pseudonym)?.name || (pseudonym === this.#self?.id ? this.#ownName : "");

  person(id: string): Person {
    return { id, name: this.nameOf(id) };
  }

  /**
   * A stream is open. The members follow, as they are at its head.
   *
   * @param first The first seq that this stream brings; `undefined` where it brings none.
   */
  opened(
    { topic, you }: Pick<MessageOf<"topicOpened">, "topic" | "you">,
    first: number | undefined,
    ownName: string,
  ): void {
    this.#ownName = ownName;
    this.#own(you.id, you);
    if (first === undefined || first <= this.#asOf + 1) return;
    // Nobody tells who has left in between: what we knew is too old.
    for (const one of this.#known.values()) one.roles = [];
    this.#asOf = topic.head;
  }

  take(message: PeopleMessage): void {
    if (message.type === "member") this.#member(message.id, message.roles, message.name);
    else if (message.type === "rights") this.#own(this.#self?.id ?? "", message);
    else if (message.type === "presence") this.#present(message);
    else if (message.type === "waiting") this.#wait(message);
    else if (message.id !== undefined) this.#types(message.id, message.active);
  }

  /** An entry has come: its author has a name, and a membership says who belongs to the topic from there on. */
  saw({ fields: { seq, kind, by, to = [] }, author, text }: ReadEntry): void {
    if (author !== "") this.#knownAs(by).name = author;
    if (kind === "membership" && seq > this.#asOf) this.#member(to[0] ?? "", rolesOf(text));
    this.passed(seq);
  }

  /** Another entry has come, or what stands in its place. */
  passed(seq: number): void {
    this.#asOf = Math.max(this.#asOf, seq);
  }

  /**
   * The pseudonyms behind what a caller has named: names of members, or pseudonyms.
   *
   * @throws {RedRoomError} `RECIPIENT_INVALID` for a name that no other member has, or more than one.
   */
  recipients(named: readonly string[]): string[] {
    const others = this.members.filter(({ id }) => id !== this.#self?.id);
    return [...new Set(named.map((one) => pick(one, others)))];
  }

  /**
   * The pseudonym of somebody, by name or pseudonym; `"me"` is ourselves. Those who have left are found too.
   *
   * @throws {RedRoomError} `RECIPIENT_INVALID`.
   */
  find(named: string): string {
    if (named === "me" && this.#self !== undefined) return this.#self.id;
    const all = [...this.#known].map(([id, { name }]) => ({ id, name }));
    return pick(named, this.#self === undefined ? all : [...all.filter(({ id }) => id !== this.#self?.id), this.#me()]);
  }

  #me(): Person {
    return this.person(this.#self?.id ?? "");
  }

  #own(id: string, { roles, capabilities }: Pick<MessageOf<"rights">, "roles" | "capabilities">): void {
    const before = this.#self;
    // A newer server may know more than we do; what we do not know, nobody asks us about.
    const self = { id, roles, capabilities: CAPABILITIES.filter((one) => capabilities.includes(one)) };
    this.#self = self;
    const changed =
      before === undefined || !sameList(before.roles, roles) || !sameList(before.capabilities, self.capabilities);
    if (changed) this.#tell("rights", { self: { ...self, name: this.nameOf(id) } });
  }

  #member(id: string, roles: readonly string[], name?: string): void {
    const known = this.#knownAs(id);
    if (sameList(known.roles, roles) && (name === undefined || known.name === name)) return;
    known.roles = roles;
    known.name = name ?? known.name;
    if (roles.length === 0) this.onLeft(id);
    this.#tell("member", { member: this.person(id), roles });
  }

  #present({ id, state, since }: MessageOf<"presence">): void {
    const known = this.#knownAs(id);
    const presence = { state, since: new Date(since) };
    const changed = known.presence?.state !== state;
    if (changed) known.presence = presence;
    if (changed) this.#tell("presence", { member: this.person(id), presence });
    if (state !== "online") this.#types(id, false);
  }

  #types(id: string, active: boolean): void {
    const changed = active ? !this.#typing.has(id) : this.#typing.delete(id);
    if (active) this.#typing.add(id);
    if (changed) this.#tell("typing", { member: this.person(id), active });
  }

  #wait({ pairs }: MessageOf<"waiting">): void {
    if (JSON.stringify(pairs) === JSON.stringify(this.#waiting)) return;
    this.#waiting = pairs;
    this.#tell("waiting", { waiting: this.waiting });
  }

  #knownAs(id: string): Known {
    const known = this.#known.get(id) ?? { name: "", roles: [], presence: undefined };
    this.#known.set(id, known);
    return known;
  }
}

function pick(named: string, people: readonly Person[]): string {
  const [one, another] = people.filter(({ id, name }) => id === named || name === named);
  if (one === undefined) throw recipientInvalid(`${JSON.stringify(named)} is not one of the ${people.length} others`);
  if (another !== undefined && one.id !== named) {
    throw recipientInvalid(`more than one member is called ${JSON.stringify(named)}; use the pseudonym`);
  }
  return one.id;
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

const recipientInvalid = (reason: string): RedRoomError =>
  new RedRoomError("RECIPIENT_INVALID", `unable to find the recipient; ${reason}`, {
    remedy: "choose from `topic.members`",
  });
