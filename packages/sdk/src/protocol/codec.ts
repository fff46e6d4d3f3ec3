import * as v from "valibot";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { encodeFrame, type Frame, protocolError } from "./frame.ts";
import { MESSAGES, type Message, type MessageType } from "./messages.ts";

const EMPTY = new Uint8Array(0);

const types = Object.keys(MESSAGES) as MessageType[];
const readers = new Map(
  types.map((type) => {
    const { frameType, head, body } = MESSAGES[type];
    return [frameType as number, { type, body, schema: head as v.GenericSchema<unknown, object> }];
  }),
);

/** The members of each head and of the objects in it, in the order in which they are written. */
const members = Object.fromEntries(types.map((type) => [type, membersOf(MESSAGES[type].head)])) as Record<
  MessageType,
  string[]
>;

function membersOf(schema: object): string[] {
  if ("entries" in schema) {
    return Object.entries(schema.entries as Record<string, object>).flatMap(([name, member]) => [
      name,
      ...membersOf(member),
    ]);
  }
  return "item" in schema ? membersOf(schema.item as object) : [];
}

/**
 * Members are written in the order of the table, whatever their order in `message`; a member that the table does not have
 * is not written.
 *
 * @returns The padded frame: the bytes to write to the stream.
 */
export function encodeMessage(message: Message): Uint8Array {
  const { frameType, body } = MESSAGES[message.type];
  return encodeFrame({
    type: frameType,
    head: utf8(JSON.stringify(message, members[message.type])),
    body: body ? (message as { readonly body: Uint8Array }).body : EMPTY,
  });
}

/** @throws {RedRoomError} `OPTIONS_INVALID` for a message that the peer would not take: what a caller gave is wrong. */
export function checkMessage(message: Message): void {
  const { type, body, ...head } = message as Message & { readonly body?: Uint8Array };
  const checked = v.safeParse(MESSAGES[type].head as v.GenericSchema, head, { abortEarly: true });
  if (checked.success) return;
  const [issue] = checked.issues;
  const path = v.getDotPath(issue) ?? "something";
  throw new RedRoomError("OPTIONS_INVALID", `unable to send ${type}; ${path} is not ${expectedBy(issue)}`);
}

/** @throws {RedRoomError} `PROTOCOL_ERROR` for everything that `encodeMessage` would not have written. */
export function decodeMessage(frame: Frame): Message {
  const reader = readers.get(frame.type);
  if (reader === undefined) throw protocolError(`there is no frame type ${frame.type}`);
  const { type, schema } = reader;
  const text = readText(frame.head, type);
  const head = v.safeParse(schema, readJson(text, type), { abortEarly: true });
  if (!head.success) {
    const [issue] = head.issues;
    // Never the value received: it may be a password, and this sentence is logged.
    const path = v.getDotPath(issue)?.slice(0, 100) ?? "the head";
    throw protocolError(`${path} of ${type} is not ${expectedBy(issue).slice(0, 100)}`);
  }
  // The one way to write a head is that of `encodeMessage`. Whatever differs is refused: spaces, another order, escapes or
  // numbers written in another way, and duplicate members, which parsers read differently.
  if (JSON.stringify(head.output) !== text) {
    throw protocolError(`the head of ${type} is not in the one form of JSON that is allowed`);
  }
  if (reader.body) return { type, ...head.output, body: frame.body } as Message;
  if (frame.body.byteLength > 0) throw protocolError(`${type} has a body of ${frame.body.byteLength} bytes`);
  return { type, ...head.output } as Message;
}

function readText(bytes: Uint8Array, type: MessageType): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw protocolError(`the head of ${type} is not UTF-8`);
  }
}

function readJson(text: string, type: MessageType): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw protocolError(`the head of ${type} is not JSON`); // the parser's own sentence quotes what it read
  }
}

/** What a value ought to be. Checks of our own say it themselves; the words of other issues have the value that came. */
function expectedBy({ type, expected, message }: v.BaseIssue<unknown>): string {
  return expected ?? (type === "check" ? message : type);
}
