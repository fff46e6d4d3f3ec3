import { RedRoomClient, type RedRoomClientOptions, RedRoomServer } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { UdpRelay } from "@redroom/sdk/testing";
import { quicTransport } from "@redroom/sdk/transport";
import { describe, expect, it } from "vitest";
import type { StateChange } from "../../src/session/client-state.ts";
import { makeCertificate } from "../../src/testing/test-certificate.ts";
import { everybody } from "../everybody.ts";
import { TITLE } from "./room.ts";

const HEARTBEAT_MS = 400;

/** Anna on a bad network, Bernd on a good one, in one topic, on real UDP. */
async function openWorld() {
  const store = memoryStore();
  const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
  const transport = quicTransport({ tls: makeCertificate() });
  const server = new RedRoomServer({ store, authenticate, transport, policy: everybody });
  const { address } = await server.listen();
  await server.createTopic(TITLE);
  const relay = await UdpRelay.to(address);
  const logins: string[] = [];
  const enter = async (url: string, name: string, options: Partial<RedRoomClientOptions> = {}) => {
    const auth = () => {
      logins.push(name);
      return { name, password: "any password" };
    };
    const client = await RedRoomClient.connect(url, { auth, ...options });
    const topic = await client.topic(TITLE).open({ from: "start" });
    return { client, topic };
  };
  const anna = await enter(relay.url, "anna", { heartbeatMs: HEARTBEAT_MS });
  const bernd = await enter(address, "bernd");
  const texts: string[] = [];
  bernd.client.on("message", ({ message }) => texts.push(message.text));
  return {
    server,
    relay,
    anna: anna.client,
    topic: anna.topic,
    bernd: bernd.client,
    /** What Bernd was told of, in order. */
    texts,
    logins,
    async [Symbol.asyncDispose]() {
      await Promise.all([anna.client.close({ drainMs: 0 }), bernd.client.close({ drainMs: 0 })]);
      await server.close({ drainMs: 0 });
      await relay.close();
    },
  };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** Resolves with how Anna's connection is lost. */
function losing({ anna }: World) {
  return new Promise<StateChange>((resolve) => anna.once("state", resolve));
}

/** Resolves with what the server says of her when she is back. */
function returning({ server }: World) {
  return new Promise<object>((resolve) => server.once("online", resolve));
}

describe("a client over QUIC", () => {
  it("notices a partition, and resumes behind it: what was sent is stored once, in order", async () => {
    await using world = await openWorld();
    const { relay, anna, topic, bernd, texts, logins } = world;
    await topic.send("before");
    const lost = losing(world);
    // This one arrives, and its answer does not.
    relay.partition("toClient");
    const arriving = new Promise((resolve) => bernd.once("message", resolve));
    const sending = [topic.send("unanswered")];
    await arriving;
    relay.partition();
    expect(await lost).toMatchObject({ previous: "online", state: "resuming", code: "CONNECTION_LOST" });
    sending.push(topic.send("meanwhile"), topic.send("and more"));
    expect(sending.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);

    const back = returning(world);
    relay.heal();
    expect(await back).toMatchObject({ user: { name: "anna" }, resumed: true });
    expect((await Promise.all(sending)).map(({ duplicate }) => duplicate)).toEqual([true, false, false]);
    for (const one of sending) expect(await one.delivered()).toEqual({ by: ["bernd"] });
    expect(texts).toEqual(["before", "unanswered", "meanwhile", "and more"]);
    expect((await topic.history()).map(({ text }) => text)).toEqual(texts);
    expect(logins).toEqual(["anna", "bernd"]);
    expect(anna.state).toBe("online");
  });

  it("survives that the server sees it at another port", async () => {
    await using world = await openWorld();
    const { relay, topic, texts, logins } = world;
    await topic.send("before");
    const back = returning(world);
    await relay.changeSourcePorts();
    const sending = [topic.send("on the way"), topic.send("and more")];
    expect(await back).toMatchObject({ user: { name: "anna" }, resumed: true });
    await Promise.all(sending);
    for (const one of sending) expect(await one.delivered()).toEqual({ by: ["bernd"] });
    expect(texts).toEqual(["before", "on the way", "and more"]);
    expect((await topic.history()).map(({ text }) => text)).toEqual(texts);
    expect(logins).toEqual(["anna", "bernd"]);
  });
});
