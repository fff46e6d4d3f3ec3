import { createUser, RedRoomServer, type RedRoomServerOptions } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import type { Logger } from "../../src/base/logger.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { MemoryNetwork } from "../../src/transport/memory/memory-transport.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { everybody } from "../everybody.ts";
import { PASSWORD, RawClient } from "./raw-client.ts";

type Store = RedRoomServerOptions["store"];

/** A server in memory whose time belongs to the test, with raw clients that it leaves no connection of. */
export async function serverWorld(
  options: Partial<Omit<RedRoomServerOptions, "store" | "tls" | "transport" | "clock">> & {
    readonly wrapStore?: (store: ReturnType<typeof memoryStore>) => Store;
    readonly users?: readonly string[];
  } = {},
) {
  const inner = memoryStore();
  const store = options.wrapStore?.(inner) ?? inner;
  const transport = new MemoryNetwork({});
  const clock = new ManualClock();
  const log: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  const line = (level: string) => (fields: object, message: string) => void log.push({ level, message, fields });
  const logger: Logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  await inner.open();
  for (const name of options.users ?? ["anna", "bernd"]) await createUser(inner.users, { name, password: PASSWORD });
  const server = new RedRoomServer({ policy: everybody, logger, ...options, store, transport, clock });
  const { address } = await server.listen();
  await server.createTopic("Share Deal");
  const clients: RawClient[] = [];
  /** @param from The IP address of the client; that of the machine itself by default. */
  const dial = async (from?: string) => {
    const client = await RawClient.dial(from === undefined ? transport : networkOf(transport, from), address);
    clients.push(client);
    return client;
  };
  return {
    server,
    store: inner,
    clock,
    log,
    dial,
    async connect(name: string): Promise<RawClient> {
      const client = await dial();
      await client.login(name);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const { connection } of clients) connection.close();
      await server.close({ drainMs: 0 });
    },
  };
}

/** The same network, as a client at this address has it. */
const networkOf = (network: MemoryNetwork, from: string): Pick<Transport, "connect"> => ({
  connect: (address, options) =>
    network.connect(address, options, {
      clientAddress: `${from}:50000`,
      carry: (_to, _lane, arrive) => void setImmediate(arrive),
    }),
});
