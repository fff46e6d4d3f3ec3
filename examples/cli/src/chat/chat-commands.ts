import type { Capability } from "@redroom/sdk";

/** What the numbers are that a command takes. */
export type Numbers = "toAnswer" | "mine" | "open";

export interface ChatCommand {
  /** Any one of these suffices; none: everybody may. */
  readonly needs: readonly Capability[];
  /** Questions whose number comes first. */
  readonly numbers?: Numbers;
  /** Recipients may come first. */
  readonly addressed?: boolean;
}

/** What can be typed behind a slash, in the order in which help shows it. */
const CHAT_COMMANDS = {
  ask: { needs: ["ask"], addressed: true },
  answer: { needs: ["answer"], numbers: "toAnswer" },
  note: { needs: ["note"], addressed: true },
  correct: { needs: ["ask", "answer", "note"] },
  withdraw: { needs: ["ask"], numbers: "mine" },
  close: { needs: ["moderate"], numbers: "open" },
  release: { needs: ["moderate"] },
  prepared: { needs: ["ask", "answer", "note"] },
  open: { needs: [] },
  search: { needs: ["queryHistory"] },
  members: { needs: [] },
  presence: { needs: [] },
  delivered: { needs: [] },
  whoami: { needs: [] },
  name: { needs: [] },
  passwd: { needs: [] },
  help: { needs: [] },
  quit: { needs: [] },
} as const satisfies Readonly<Record<string, ChatCommand>>;

export type CommandName = keyof typeof CHAT_COMMANDS;

export const COMMAND_NAMES = Object.keys(CHAT_COMMANDS) as readonly CommandName[];

export const isCommand = (name: string): name is CommandName => Object.hasOwn(CHAT_COMMANDS, name);

export const commandOf = (name: CommandName): ChatCommand => CHAT_COMMANDS[name];

export function isAllowed(name: CommandName, can: (capability: Capability) => boolean): boolean {
  const { needs } = commandOf(name);
  return needs.length === 0 || needs.some(can);
}
