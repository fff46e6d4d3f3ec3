import { RedRoomError } from "../base/errors.ts";
import type { MessageChannel } from "../channel/message-channel.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Authorize } from "./hooks.ts";
import type { OwnAccount, OwnSession } from "./own-account.ts";
import type { UserAdministration } from "./user-administration.ts";

export type PeopleRequest = MessageOf<
  "giveConsent" | "changeName" | "changePassword" | "listUsers" | "addUser" | "changeUser" | "eraseUser" | "exportUser"
>;

/** The people of the server's store. */
export interface People {
  readonly own: OwnAccount;
  readonly administration: UserAdministration;
}

export interface PeopleRequestContext {
  readonly own: OwnSession;
  /** `undefined` where logins are the application's own. */
  readonly people: People | undefined;
  readonly authorize: Authorize | undefined;
}

const REQUESTS: readonly Message["type"][] = [
  "giveConsent",
  "changeName",
  "changePassword",
  "listUsers",
  "addUser",
  "changeUser",
  "eraseUser",
  "exportUser",
] satisfies PeopleRequest["type"][];

/** What everybody may do with the own account; the rest is for administrators. */
const OWN: readonly Message["type"][] = [
  "giveConsent",
  "changeName",
  "changePassword",
] satisfies PeopleRequest["type"][];

export function isPeopleRequest(message: Message): message is PeopleRequest {
  return REQUESTS.includes(message.type);
}

/** So many that the longest titles fit a frame. */
const TOPICS_PER_FRAME = 64;

/** @throws {RedRoomError} What the client gets as `error`. */
export async function answerPeopleRequest(
  request: PeopleRequest,
  answer: Pick<MessageChannel, "send">,
  { own, people, authorize }: PeopleRequestContext,
): Promise<void> {
  // Before anything is looked up: who may not ask learns nothing from the answer, not even by its time.
  if (!OWN.includes(request.type) && !own.user.admin) {
    throw new RedRoomError("NOT_ALLOWED", "unable to manage users; only administrators can");
  }
  if (people === undefined) {
    throw new RedRoomError("NOT_ALLOWED", "unable to change accounts here; the application keeps them");
  }
  if (authorize !== undefined) await authorize(request.type);
  switch (request.type) {
    case "giveConsent":
      answer.send({ type: "consentGiven", at: await people.own.giveConsent(own, request.digest) });
      return;
    case "changeName":
      answer.send({ type: "accountChanged", user: await people.own.changeName(own, request.name) });
      return;
    case "changePassword": {
      const user = await people.own.changePassword(own, request.current, request.password);
      answer.send({ type: "accountChanged", user });
      return;
    }
    case "listUsers":
      answer.send({ type: "userList", ...(await people.administration.list(request.after)) });
      return;
    case "addUser":
      answer.send({ type: "userChanged", account: await people.administration.add(own, request) });
      return;
    case "changeUser":
      answer.send({ type: "userChanged", account: await people.administration.change(own, request) });
      return;
    case "eraseUser":
      await people.administration.erase(own, request.name);
      answer.send({ type: "userErased" });
      return;
    case "exportUser": {
      const { account, topics } = await people.administration.export(request.name);
      for (let at = 0; at < topics.length; at += TOPICS_PER_FRAME) {
        answer.send({ type: "userTopics", topics: topics.slice(at, at + TOPICS_PER_FRAME) });
      }
      answer.send({ type: "userExported", account });
    }
  }
}
