import type { TlsPair } from "../harness/certificate.ts";
import { cpuTimeUs } from "../harness/cpu.ts";
import { playRole } from "../harness/role.ts";
import { type BareConnection, HELLO, type TransportName, transports } from "./transports.ts";

const subscribers = new Set<BareConnection>();

const calls = {
  listen: ({ transport, tls }: { transport: TransportName; tls: TlsPair }) =>
    transports[transport].listen(tls, (connection) => {
      connection.onMessage = (hello) => {
        if (hello[0] === HELLO.subscriber) subscribers.add(connection);
        connection.onMessage = (message) => {
          for (const subscriber of subscribers) subscriber.send(message);
        };
        connection.send(hello);
      };
    }),
  forgetSubscribers: () => subscribers.clear(),
  cpu: cpuTimeUs,
};

export type FanOutServer = typeof calls;

playRole(calls);
