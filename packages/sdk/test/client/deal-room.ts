import type { From, RedRoomClientOptions, SealedMessage, TopicMessage } from "@redroom/sdk";
import { roomPolicy } from "@redroom/sdk/rules";
import { openRoom } from "./room.ts";

export const DEAL = "Project Kestrel";

/** Who belongs to the deal, by name. */
type Members = Readonly<Record<string, readonly string[]>>;

/** A server that goes by the roles of a deal room, with one topic, and people who join it. */
export async function openDealRoom(members: Members, { regulated = false } = {}) {
  const room = await openRoom({ policy: roomPolicy, typingNotices: true });
  await room.server.createTopic(DEAL, { regulated });
  const setRoles = (name: string, roles: readonly string[]) => room.server.setRoles(DEAL, { id: name, name }, roles);
  for (const [name, roles] of Object.entries(members)) await setRoles(name, roles);
  return Object.assign(room, {
    setRoles,
    /** Connects and opens the topic; what comes is collected. */
    async join(
      name: string,
      { from = "start", ...more }: Partial<RedRoomClientOptions> & { readonly from?: From } = {},
    ) {
      const client = await room.connect(name, more);
      const messages: TopicMessage[] = [];
      const sealed: SealedMessage[] = [];
      const withheld: number[] = [];
      client.on("message", ({ message }) => messages.push(message));
      client.on("sealed", ({ message }) => sealed.push(message));
      client.on("withheld", ({ seq }) => withheld.push(seq));
      const topic = await room.settled(client.topic(DEAL).open({ from }));
      const texts = () => messages.map(({ text }) => text);
      return { client, topic, messages, sealed, withheld, texts };
    },
  });
}

export type DealRoom = Awaited<ReturnType<typeof openDealRoom>>;

/** Ask and answer, as each of two parties of a deal does. */
export const PARTY = ["interviewer", "interviewee"] as const;
