import { RedRoomError } from "../base/errors.ts";
import type { Delivery } from "../evidence/delivery.ts";
import { fromFailure } from "../protocol/failure.ts";
import type { MessageOf } from "../protocol/messages.ts";
import { Deliveries } from "./deliveries.ts";
import type { ReadEntry } from "./message.ts";
import { Outbox, type SendOptions } from "./outbox.ts";
import type { Sending } from "./sending.ts";
import type { TopicAccess } from "./topic-access.ts";
import type { TopicReader } from "./topic-reader.ts";

/** Our own messages of one topic: on their way to the record, and from there to the others. */
export class OwnMessages {
  readonly #access: TopicAccess;
  readonly #outbox: Outbox;
  readonly #deliveries: Deliveries;

  constructor(access: TopicAccess) {
    this.#access = access;
    this.#outbox = new Outbox(access.host.outbox);
    this.#deliveries = new Deliveries(access.people);
    access.people.onLeft = (pseudonym) => this.#deliveries.left(pseudonym);
  }

  /** Those on their way and not yet stored. */
  get unstored(): number {
    return this.#outbox.size;
  }

  /** @throws {RedRoomError} What is wrong with the message itself, or `OUTBOX_FULL`. */
  send(text: string, { to, ...options }: SendOptions, reader: TopicReader): Sending {
    const { host, people } = this.#access;
    const addressed = to && people.recipients(to).map((one) => people.person(one));
    const tell = (changed: Sending): void => void host.tell("outgoing", { sending: changed });
    const sending = this.#outbox.add(text, { ...options, to: addressed }, host.limits(), host.clock, tell);
    if (!reader.reads) sending.unfollow(unread());
    tell(sending);
    if (reader.ready) this.flush(reader);
    return sending;
  }

  /** The stream is open: what waits goes out. */
  flush(reader: TopicReader): void {
    this.#outbox.send((message) => reader.publish(message));
  }

  /** What was handed over has left for the network. */
  flushed(): void {
    this.#outbox.flushed();
  }

  /** The connection is lost. */
  requeue(): void {
    this.#outbox.requeue();
  }

  /** The server's answer to one of them. */
  answered(answer: MessageOf<"ack" | "refused">, reader: TopicReader): void {
    if (answer.type === "refused") {
      const { id, ...failure } = answer;
      this.#outbox.refused(id, fromFailure(failure));
      return;
    }
    const { id, seq, at, duplicate } = answer;
    const sending = this.#outbox.find(id);
    if (sending !== undefined && reader.reads) {
      // What is sent again may have come long ago, or lie before what is read here.
      if (seq <= reader.last)
        this.#deliveries.follow(
          seq,
          sending,
          sending.to?.map((one) => one.id),
        );
      else this.#deliveries.expect(sending);
    }
    this.#outbox.stored({ id, seq, at: new Date(at), duplicate });
  }

  /** An entry has come: if it is one of ours, the record says whom it is for. */
  saw({ fields: { seq, id, by, to } }: ReadEntry): void {
    if (by !== this.#access.people.self?.id) return;
    const waiting = this.#outbox.find(id);
    const sent = [...(waiting === undefined ? [] : [waiting]), ...this.#deliveries.expected(id)];
    for (const sending of sent) this.#deliveries.follow(seq, sending, to);
  }

  /** @returns The names of those who have received it. */
  received(delivery: Delivery): string[] {
    return this.#deliveries.received(delivery);
  }

  /** Nothing more will be heard of them: with an error for what is not known to be stored, and who has received what. */
  end(error: RedRoomError | undefined): void {
    this.#outbox.failAll(error ?? closedBefore("say whether the message was stored"));
    this.unfollow(error);
  }

  unfollow(error: RedRoomError | undefined): void {
    this.#deliveries.end(error ?? closedBefore("see the delivery"));
  }
}

const unread = (): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", "unable to see the delivery; the topic was opened without reading", {
    remedy: "open it from a place, such as `now`",
  });

const closedBefore = (doing: string): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", `unable to ${doing}; the connection was closed`);
