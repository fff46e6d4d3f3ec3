import { RedRoomError } from "../base/errors.ts";
import { type MessageChannel, unexpected } from "../channel/message-channel.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { toFailure } from "../protocol/failure.ts";
import type { Message } from "../protocol/messages.ts";
import type { Answer } from "./answer.ts";
import { Patience } from "./patience.ts";
import { answerRequest, type Request, type RequestContext } from "./requests.ts";
import type { ServedStream } from "./served-stream.ts";
import type { SubscriptionContext } from "./subscription.ts";
import { toldError } from "./told-error.ts";

/** One request of a client: its answer, and the end of the stream. */
export class RequestStream implements ServedStream {
  readonly #channel: MessageChannel;
  readonly #context: RequestContext & SubscriptionContext;
  readonly #onDone: () => void;
  readonly #answered: Promise<void>;
  /** Called when the client has read what it was sent, or never will. */
  #onTaken: (() => void) | undefined;
  /** Waits until others have taken their pages. */
  #queued = false;
  /** The client leaves unread what it was sent. */
  #behind = false;
  #over = false;

  /** @param onDone Called once, when the answer has been taken, or nobody wants it any more. */
  constructor(
    request: Request,
    channel: MessageChannel,
    context: RequestContext & SubscriptionContext,
    onDone: () => void,
  ) {
    this.#channel = channel;
    this.#context = context;
    this.#onDone = onDone;
    this.#answered = this.#answer(request);
  }

  onMessage(message: Message): void {
    throw unexpected(message, "behind a request");
  }

  onEnd(): void {}

  onDrain(): void {
    this.#behind = false;
    this.#onTaken?.();
  }

  onGone(): void {
    this.#over = true;
    this.#onTaken?.();
  }

  /** Nobody waits for a client that does not read. */
  async drain(): Promise<void> {
    if (!this.#queued) await this.#answered;
  }

  fail(error: RedRoomError): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel.send({ type: "error", ...toFailure(error) });
    this.#channel.end();
    this.#onTaken?.();
  }

  async #answer(request: Request): Promise<void> {
    const release = request.type === "readHistory" ? await this.#pageTurn() : () => {};
    const note = (taken: boolean): boolean => {
      this.#behind ||= !taken;
      return taken;
    };
    const answer: Answer = {
      send: (message) => !this.#over && note(this.#channel.send(message)),
      sendEncoded: (frame) => !this.#over && note(this.#channel.sendEncoded(frame)),
    };
    try {
      if (!this.#over) await answerRequest(request, answer, this.#asked());
    } catch (thrown) {
      this.fail(toldError(thrown, "answer a request", this.#context.logger));
    }
    void this.#finish().then(release).then(this.#onDone);
  }

  /** Who was thrown out while an application was asked is served no more. */
  #asked(): RequestContext {
    const { authorize } = this.#context;
    if (authorize === undefined) return this.#context;
    return {
      ...this.#context,
      authorize: async (action, topic) => {
        await authorize(action, topic);
        if (this.#over) throw new RedRoomError("ABORTED", `unable to carry out ${action}; the client has gone`);
      },
    };
  }

  async #pageTurn(): Promise<() => void> {
    this.#queued = true;
    const release = await this.#context.pages.take();
    this.#queued = false;
    return release;
  }

  /** A page counts as held until it is taken. Only then does the stream end: nothing is heard of it afterwards. */
  async #finish(): Promise<void> {
    if (this.#behind && !this.#over) await this.#untilTaken();
    if (!this.#over) this.#channel.end();
    this.#over = true;
  }

  /** Resolves when the client has taken the answer, or is cut off because it does not. */
  #untilTaken(): Promise<void> {
    const { clock, slowConsumerMs } = this.#context;
    return new Promise((resolve) => {
      const cut = (): void => {
        this.#over = true;
        this.#channel.reset(CLOSE_CODES.slowConsumer);
        resolve();
      };
      const patience = new Patience(clock, slowConsumerMs, () => this.#channel.takenBytes, cut);
      patience.start();
      this.#onTaken = () => {
        patience.stop();
        resolve();
      };
    });
  }
}
