import type { RedRoomError } from "../base/errors.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Action, AuthenticatePayload, ConnectPayload, Extension, HookTopic } from "./extension.ts";
import { callsWith, toldTopic, toldUser } from "./hook-payload.ts";
import type { HookRunner } from "./hook-runner.ts";
import { MessageHooks } from "./message-hooks.ts";
import { hookNamed, hooksNamed } from "./named-hook.ts";
import { Visit } from "./visit.ts";

/** Asks whether somebody may do something. @throws {RedRoomError} What the client is told. */
export type Authorize = (action: Action, topic?: HookTopic) => Promise<void>;

/** The hooks of a server, each `undefined` where no extension has it: then nothing is waited for. */
export class Hooks {
  /** @returns Whatever the application has answered. @throws {RedRoomError} What the client is told. */
  readonly authenticate:
    | ((login: Omit<AuthenticatePayload, "signal">, gone: AbortSignal) => Promise<unknown>)
    | undefined;
  /** For one client. */
  readonly authorize: ((user: SessionUser, gone: AbortSignal) => Authorize) | undefined;
  readonly messages: MessageHooks | undefined;
  /** One connection; it is to begin, and to end. */
  readonly visit: ((who: Omit<ConnectPayload, "signal">) => Visit) | undefined;
  readonly #runner: HookRunner;

  /**
   * @param extensions The server's own options first.
   * @param maxMetadataBytes Of what they add to one message.
   */
  constructor(extensions: readonly Extension[], runner: HookRunner, maxMetadataBytes: number) {
    this.#runner = runner;
    const login = hooksNamed(extensions, "authenticate");
    if (login.length > 0) {
      this.authenticate = async (asked, gone) => (await runner.run("log in", callsWith(login, asked), gone))[0];
    }
    const authorize = hooksNamed(extensions, "authorize");
    if (authorize.length > 0) {
      this.authorize = (user, gone) => async (action, topic) => {
        const asked = { user: toldUser(user), action, ...(topic !== undefined && { topic: toldTopic(topic) }) };
        await runner.run(`carry out ${action}`, callsWith(authorize, asked), gone);
      };
    }
    const [before, after] = [hooksNamed(extensions, "beforeAppend"), hooksNamed(extensions, "afterAppend")];
    if (before.length + after.length > 0) this.messages = new MessageHooks(before, after, runner, maxMetadataBytes);
    const visits = extensions
      .map((extension, index) => ({
        onConnect: hookNamed(extension, index, "onConnect"),
        onDisconnect: hookNamed(extension, index, "onDisconnect"),
      }))
      .filter(({ onConnect, onDisconnect }) => (onConnect ?? onDisconnect) !== undefined);
    if (visits.length > 0) this.visit = (who) => new Visit(visits, runner, who);
  }

  /** Resolves when no hook is under way any more. */
  settled(): Promise<void> {
    return this.#runner.settled();
  }

  /** Waits for no hook any more, and calls none. */
  close(reason: RedRoomError): void {
    this.#runner.close(reason);
  }
}
