import { describe, expect, it } from "vitest";
import { MessageChannel } from "../../src/channel/message-channel.ts";
import { MESSAGES, type Message, type MessageType } from "../../src/protocol/messages.ts";
import type { Connection, Transport } from "../../src/transport/transport.ts";
import { toMessage, vectors } from "../protocol/vectors.ts";
import { openWorld } from "../world.ts";

/** A stream that says what it is told, and hears until the other side is done with it. */
function speak(connection: Connection, messages: readonly Message[]) {
  const heard: Message[] = [];
  let channel: MessageChannel | undefined;
  const over = new Promise<void>((resolve) => {
    channel = new MessageChannel(
      connection.openStream(),
      { maxFrameBytes: 2 ** 24 },
      {
        onMessage: (message) => heard.push(message),
        onEnd: resolve,
        onReset: () => resolve(),
        onViolation: () => resolve(),
        onDrain() {},
      },
    );
    for (const message of messages) channel.send(message);
  });
  return { heard, over, channel: channel as unknown as MessageChannel };
}

/** A connection with a session on it. */
async function logIn(transport: Transport, address: string): Promise<Connection> {
  const connection = await transport.connect({ host: "127.0.0.1", port: Number(new URL(address).port) });
  const login: Message = { type: "login", name: "admin", password: "any password" };
  const { heard } = speak(connection, [{ type: "hello", versions: [1] }, login]);
  while (heard.at(-1)?.type !== "session") await new Promise(setImmediate);
  return connection;
}

describe("nothing that can be sent", () => {
  const types = Object.keys(MESSAGES) as MessageType[];

  it.each(types)("removes or changes what is on record (%s, on every kind of stream)", async (type) => {
    await using world = await openWorld("memory", {
      users: [],
      authenticate: async ({ name }) => ({ id: name, name, admin: true }),
    });
    const client = await world.connect("anna");
    const topic = await client.topic("Share Deal").open();
    for (const text of ["one", "two", "three"]) await topic.send(text);
    const id = topic.id ?? "";
    const record = () => world.store.read(id, { from: 1, limit: 3 });
    const before = await record();
    const notes = await topic.checkpoint();

    const all = vectors.valid.map(({ message }) => toMessage(message)).filter((message) => message.type === type);
    // Of this topic and its entries, wherever a message names some.
    const aimed = all.map(
      (message) =>
        ({
          ...message,
          ...("topic" in message && typeof message.topic === "string" && { topic: id }),
          ...("re" in message && { re: 2 }),
        }) as Message,
    );
    for (const message of aimed) {
      for (const first of [[], [{ type: "openTopic", id, from: 1 } as const]]) {
        const connection = await logIn(world.transport, world.address);
        const { channel, over } = speak(connection, [...first, message]);
        channel.end();
        await Promise.race([over, connection.closed]);
        connection.close();
      }
      const control = await world.transport.connect({ host: "127.0.0.1", port: Number(new URL(world.address).port) });
      const login: Message = { type: "login", name: "admin", password: "any password" };
      const { channel, over } = speak(control, [{ type: "hello", versions: [1] }, login, message]);
      channel.end();
      await Promise.race([over, control.closed]);
      control.close();
    }
    expect(await record()).toEqual(before);
    await topic.confirm(notes ?? "");
    expect((await topic.history({ limit: 3 })).map(({ text }) => text)).toEqual(["one", "two", "three"]);
  });
});
