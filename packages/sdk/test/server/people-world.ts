import type { RedRoomServerOptions } from "@redroom/sdk";
import type { Message } from "../../src/protocol/messages.ts";
import type { RawClient } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

/** Passwords that are as good as `PASSWORD`. */
export const OTHER_PASSWORD = "Zebra Kanu Tüte Igel";

export const CONSENT_TEXT = "Ich willige ein, dass meine Daten verarbeitet werden.\n";

/** A server with an administrator and two others. */
export async function peopleWorld(options: Partial<Pick<RedRoomServerOptions, "consent">> = {}) {
  const world = await serverWorld({ ...options, users: ["root", "anna", "bernd"] });
  const { users } = world.store;
  await users.updateUser((await users.findUser("root"))?.id ?? "", { admin: true });
  const idOf = async (name: string): Promise<string> => (await users.findUser(name))?.id ?? "";
  return Object.assign(world, { users, idOf });
}

/** What a request is answered: the last message. */
export async function ask(client: RawClient, request: Message): Promise<Message | undefined> {
  const stream = client.open(request);
  stream.channel.end();
  await stream.ended();
  return stream.received.at(-1);
}

export const codeOf = (message: Message | undefined): string | undefined =>
  message?.type === "error" ? message.code : message?.type;

/** Tries to log in on a new connection. @returns `session`, or the code of the error. */
export async function tryLogin(
  world: { dial(from?: string): Promise<RawClient> },
  name: string,
  password: string,
  from?: string,
) {
  const { control, connection } = await world.dial(from);
  control.send({ type: "login", name, password });
  const answer = await control.next("session", "error");
  if (answer.type === "error") connection.close();
  return codeOf(answer);
}
