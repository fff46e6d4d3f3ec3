import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { memberJson, nameText, presenceJson, presenceText, rolesText } from "../lists/member-line.ts";
import { jsonLine } from "../message-line.ts";
import { membersByName } from "../roster.ts";

export interface MembersOptions extends ConnectionOptions {
  readonly topic: string;
  readonly json?: boolean;
}

/** Prints who belongs to a topic, as what, and whether they are there. */
export async function members(address: string, options: MembersOptions, context: Context): Promise<void> {
  const { output, texts } = context;
  await using client = await connect(address, options, context);
  const topic = await client.topic(options.topic).open();
  for (const member of membersByName(topic)) {
    const name = nameText(member, topic.self?.id, texts);
    const line = [name, rolesText(member.roles, texts), presenceText(member, texts)].join("  ");
    await output.line(options.json ? jsonLine(memberJson(member)) : line);
  }
}

/** Prints who of the others is there. */
export async function presence(address: string, options: MembersOptions, context: Context): Promise<void> {
  const { output, texts } = context;
  await using client = await connect(address, options, context);
  const topic = await client.topic(options.topic).open();
  for (const member of membersByName(topic).filter(({ id }) => id !== topic.self?.id)) {
    const line = `${nameText(member, undefined, texts)}  ${presenceText(member, texts)}`;
    await output.line(options.json ? jsonLine({ name: member.name, ...presenceJson(member.presence) }) : line);
  }
}
