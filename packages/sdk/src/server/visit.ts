import type { ConnectPayload } from "./extension.ts";
import { callsWith, toldUser } from "./hook-payload.ts";
import type { HookRunner } from "./hook-runner.ts";
import type { NamedHook } from "./named-hook.ts";

/** What one extension does at the beginning and at the end of a connection. */
export interface VisitHooks {
  readonly onConnect: NamedHook<"onConnect"> | undefined;
  readonly onDisconnect: NamedHook<"onDisconnect"> | undefined;
}

/** One connection of somebody, as the extensions are told of it: its beginning, and its end once for each beginning. */
export class Visit {
  readonly #hooks: readonly VisitHooks[];
  readonly #runner: HookRunner;
  readonly #who: Omit<ConnectPayload, "signal">;
  /** Those who have taken part in the beginning, and have not heard of the end. */
  readonly #attending = new Set<VisitHooks>();
  #over = false;

  constructor(hooks: readonly VisitHooks[], runner: HookRunner, who: Omit<ConnectPayload, "signal">) {
    this.#hooks = hooks;
    this.#runner = runner;
    this.#who = { ...who, user: toldUser(who.user) };
  }

  /**
   * `end` is to follow, whatever comes of it.
   *
   * @param gone Aborted when the client has gone.
   * @throws {RedRoomError} What the client is told: it may not come in.
   */
  async begin(gone: AbortSignal): Promise<void> {
    const calls = this.#hooks.map((hooks) => ({
      name: hooks.onConnect?.name ?? "",
      call: async (signal: AbortSignal) => {
        await hooks.onConnect?.call(Object.freeze({ ...this.#who, signal }));
        this.#attending.add(hooks);
        if (this.#over) this.#tellEnd();
      },
    }));
    await this.#runner.run("log in", calls, gone);
  }

  /** Idempotent. */
  end(): void {
    this.#over = true;
    this.#tellEnd();
  }

  /** Whoever is late is told at once. */
  #tellEnd(): void {
    const { user, remoteAddress } = this.#who;
    for (const { onDisconnect } of this.#attending) {
      if (onDisconnect === undefined) continue;
      for (const call of callsWith([onDisconnect], { user, remoteAddress })) void this.#runner.tell(call);
    }
    this.#attending.clear();
  }
}
