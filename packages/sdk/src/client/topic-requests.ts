import { fromUtf8 } from "../base/bytes.ts";
import type { MessageKind } from "../base/message-kind.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Message } from "../protocol/messages.ts";
import type { Person } from "./person.ts";
import { expectLast, request } from "./request.ts";
import type { Reached } from "./topic-access.ts";
import type { TopicPeople } from "./topic-people.ts";

/** That somebody has received a message. */
export interface Receipt {
  readonly member: Person;
  /** When the record says so. */
  readonly at: Date;
}

/** A message to pick from. */
export interface PreparedMessage {
  readonly id: string;
  /** What it is sent as. */
  readonly kind: MessageKind;
  readonly title?: string;
  readonly text: string;
  /** Of the server's pool; else of the topic's own. */
  readonly shared: boolean;
}

export async function readDeliveries({ link, id }: Reached, people: TopicPeople, seq: number): Promise<Receipt[]> {
  const response = await request(link, { type: "listDeliveries", topic: id, seq });
  const { deliveries } = expectLast(response, "deliveryList");
  return deliveries.map((one) => ({ member: people.person(one.id), at: new Date(one.at) }));
}

export async function listPrepared({ link, id }: Reached): Promise<PreparedMessage[]> {
  const response = await request(link, { type: "listPrepared", topic: id });
  expectLast(response, "preparedListed");
  return response.slice(0, -1).map(readPrepared);
}

/** @param user By login name. */
export async function setRoles({ link, id }: Reached, user: string, roles: readonly string[]): Promise<void> {
  const response = await request(link, { type: "setRoles", topic: id, user, roles: [...roles] });
  expectLast(response, "rolesSet");
}

function readPrepared(message: Message): PreparedMessage {
  if (message.type !== "prepared") throw protocolError(`${message.type} has no place in a list of prepared messages`);
  const { type: _, body, ...prepared } = message;
  return { ...prepared, text: textOf(body) };
}

function textOf(body: Uint8Array): string {
  try {
    return fromUtf8(body);
  } catch (error) {
    throw protocolError("a prepared message is not UTF-8", error);
  }
}
