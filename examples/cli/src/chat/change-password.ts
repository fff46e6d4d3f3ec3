import { MIN_PASSWORD_CHARACTERS } from "@redroom/sdk";
import { askLine, type Chat } from "./chat.ts";

/** Asks for the old password and twice for the new one, and changes it. Nothing of it is shown. */
export async function changePassword(chat: Chat): Promise<void> {
  const { client, terminal, texts } = chat;
  const ask = (key: "passwd.current" | "passwd.next" | "passwd.again"): Promise<string | undefined> =>
    askLine(chat, texts(key, { count: MIN_PASSWORD_CHARACTERS }), { secret: true });
  const current = await ask("passwd.current");
  const next = current && (await ask("passwd.next"));
  const again = next && (await ask("passwd.again"));
  if (!current || !next || !again) return terminal.print(texts("chat.cancelled"));
  if (next !== again) return terminal.print(texts("passwd.different"));
  await client.changePassword(current, next);
  terminal.print(texts("passwd.done"));
}
