import { RedRoomClient, type RedRoomClientOptions, RedRoomServer, type RedRoomServerOptions } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport } from "@redroom/sdk/transport";
import type { StateChange } from "../../src/session/client-state.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { FaultyNetwork } from "../../src/testing/test-room/faulty-network.ts";
import { everybody } from "../everybody.ts";
import { type Lie, lyingTransport } from "../lying-transport.ts";

export const TITLE = "Share Deal";

type Store = RedRoomServerOptions["store"];

/** A server and its clients in memory, on a network that fails and at a time that passes when the test wants it. */
export async function openRoom(
  options: Partial<Omit<RedRoomServerOptions, "store" | "tls" | "transport" | "clock">> & {
    /** Has the topic already. */
    readonly store?: Store;
    readonly wrapStore?: (store: Store) => Store;
  } = {},
) {
  const clock = new ManualClock();
  const liar: { lie: Lie } = { lie: (message) => [message] };
  const network = new FaultyNetwork(lyingTransport(memoryTransport(), liar));
  const inner = options.store ?? memoryStore();
  const store = options.wrapStore?.(inner) ?? inner;
  const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
  const serve = (record: Store) =>
    new RedRoomServer({ authenticate, policy: everybody, ...options, store: record, transport: network, clock });
  let server = serve(store);
  const { address } = await server.listen();
  const port = Number(new URL(address).port);
  if (options.store === undefined) await server.createTopic(TITLE);
  const clients: RedRoomClient[] = [];

  const room = {
    clock,
    network,
    liar,
    store: inner,
    address,
    get server() {
      return server;
    },
    async connect(name: string, more: Partial<RedRoomClientOptions> = {}) {
      const client = await RedRoomClient.connect(address, {
        auth: { name, password: "any password" },
        transport: network,
        clock,
        random: () => 0.5,
        ...more,
      });
      clients.push(client);
      const states: StateChange[] = [];
      client.on("state", (change) => states.push(change));
      return Object.assign(client, { states });
    },
    /** The server stops, with goodbye or without, and does not come back by itself. */
    async stop(how: Parameters<RedRoomServer["close"]>[0] = { drainMs: 0 }): Promise<void> {
      await room.settled(server.close(how));
    },
    /** Another one, on the same port, and on the same record where no other is given. */
    async start(record = store): Promise<void> {
      server = serve(record);
      await server.listen({ port });
    },
    /** Lets time pass, a little at a time, so that everybody can do what falls due. */
    async pass(ms: number, stepMs = 20): Promise<void> {
      for (let passed = 0; passed < ms; passed += stepMs) {
        clock.advance(Math.min(stepMs, ms - passed));
        await turns(6);
      }
    },
    /** Lets time pass until it is so; `within` is a time of the room's clock. */
    async until(condition: () => boolean, withinMs = 120_000): Promise<void> {
      for (let passed = 0; !condition(); passed += 20) {
        if (passed > withinMs) throw new Error(`it is not so after ${withinMs} ms`);
        await room.pass(20);
      }
    },
    /** Lets time pass until it has settled. */
    async settled<T>(work: PromiseLike<T>): Promise<T> {
      let over = false;
      const done = (): void => {
        over = true;
      };
      work.then(done, done);
      await room.until(() => over);
      return work;
    },
    async [Symbol.asyncDispose]() {
      network.heal();
      liar.lie = (message) => [message];
      await room.settled(Promise.all(clients.map((client) => client.close({ drainMs: 0 }))));
      await room.settled(server.close({ drainMs: 0 }));
    },
  };
  return room;
}

export type Room = Awaited<ReturnType<typeof openRoom>>;

/** Lets everything happen that is due in so many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
