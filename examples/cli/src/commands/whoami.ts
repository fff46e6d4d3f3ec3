import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { rolesText } from "../lists/member-line.ts";
import { jsonLine } from "../message-line.ts";
import { printable } from "../terminal/printable.ts";

export interface WhoamiOptions extends ConnectionOptions {
  readonly topic?: string;
  readonly json?: boolean;
}

/** Prints who somebody is logged in as, and, of a topic, their roles and what these let them do. */
export async function whoami(address: string, options: WhoamiOptions, context: Context): Promise<void> {
  const { json, topic: title } = options;
  const { output, texts } = context;
  await using client = await connect(address, options, context);
  const { name, admin } = client.user;
  if (title === undefined) {
    const line = texts(admin ? "whoami.admin" : "whoami.user", { name: printable(name) });
    return output.line(json ? jsonLine({ name, admin }) : line);
  }
  const topic = await client.topic(title).open({ from: "none" });
  const { roles = [], capabilities = [] } = topic.self ?? {};
  const may = capabilities.map((one) => texts(`capability.${one}`)).join(", ") || texts("whoami.nothing");
  const line = texts("whoami.line", { name: printable(name), roles: rolesText(roles, texts), capabilities: may });
  await output.line(json ? jsonLine({ name, admin, topic: topic.title, roles, capabilities }) : line);
}
