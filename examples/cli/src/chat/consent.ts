import type { RedRoomClient } from "@redroom/sdk";
import { EXIT_CODES } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Texts } from "../texts/texts.ts";

/**
 * Shows what the user has to consent to, if there is something, and waits for a yes.
 *
 * @throws {CommandFailure} Without it: the server serves nothing else.
 */
export async function askForConsent(client: RedRoomClient, terminal: Terminal, texts: Texts): Promise<void> {
  const { consent } = client;
  if (consent === undefined) return;
  for (const line of consent.text.trimEnd().split("\n")) terminal.print(printable(line));
  terminal.show(texts("consent.ask"));
  const typed = (await terminal.line())?.trim().toLowerCase();
  if (typed !== texts("consent.yes")) throw new CommandFailure(EXIT_CODES.notAllowed, "failure.noConsent");
  await consent.give();
}
