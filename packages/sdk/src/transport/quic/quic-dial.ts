import { randomBytes, X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { RedRoomError } from "../../base/errors.ts";
import type { Address } from "../../protocol/address.ts";
import { aborted, connectionClosed } from "../endings.ts";
import type { Connection, ConnectionEnd, ConnectOptions } from "../transport.ts";
import { logKeys } from "./key-log.ts";
import { CONNECTION_ID_BYTES } from "./packet-header.ts";
import { QuicConnection } from "./quic-connection.ts";
import { QuicEndpoint, unreachable } from "./quic-endpoint.ts";
import { checkValidity, invalid, type QuicOptions } from "./quic-options.ts";
import type { NativeConfig, NativeConnection, Quiche } from "./quiche.ts";
import { verifyCertificate } from "./verify-certificate.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
/** The application code by which a server learns that its certificate was refused (TLS: bad_certificate). */
const CERTIFICATE_REFUSED = 0x100 + 42;

export interface Dial {
  readonly quiche: Quiche;
  readonly config: NativeConfig;
  readonly options: QuicOptions;
  readonly address: Address;
}

/** Connects and verifies; nothing of the application is sent before. A name's addresses are tried one after the other. */
export async function dial(to: Dial, { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: ConnectOptions): Promise<Connection> {
  const { options, address } = to;
  if (address.pin === undefined && options.ca === undefined) {
    throw invalid(
      "to connect, the address must hold a pin or `ca` an authority; the system's authorities are never asked",
    );
  }
  const where = `${address.host}:${address.port}`;
  const endsAt = options.clock.monotonic() + timeoutMs;
  const hosts = await beforeEnd(resolve(address), timeoutMs, where, options, signal);
  for (const [index, host] of hosts.entries()) {
    const share = (endsAt - options.clock.monotonic()) / (hosts.length - index);
    const connecting = new AbortController();
    try {
      return await beforeEnd(attempt(to, host, connecting.signal), share, where, options, signal);
    } catch (thrown) {
      connecting.abort(thrown);
      const last = index === hosts.length - 1;
      const elsewhere = thrown instanceof RedRoomError && ["UNREACHABLE", "TIMEOUT"].includes(thrown.code);
      if (last || !elsewhere) throw thrown;
    }
  }
  throw unreachable(address.host, address.port, undefined);
}

async function resolve({ host, port }: Address): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true, verbatim: false })).map(({ address }) => address);
  } catch (cause) {
    throw unreachable(host, port, cause);
  }
}

/** One address. Aborting the signal ends the attempt with the signal's reason. */
async function attempt(to: Dial, host: string, signal: AbortSignal): Promise<Connection> {
  const { quiche, config, options, address } = to;
  const endpoint = await QuicEndpoint.dial(host, address.port);
  try {
    const connectionId = randomBytes(CONNECTION_ID_BYTES);
    const remote = { host, port: address.port };
    const native = quiche.Connection.connect(options.serverName ?? null, connectionId, endpoint.local, remote, config);
    logKeys(native, options.keyLogFolder, connectionId);
    return await new Promise<Connection>((admitted, failed) => {
      const connection = new QuicConnection({
        ...options,
        keepAliveMs: options.keepAliveMs,
        native,
        wire: endpoint,
        side: "client",
        remote,
        admit: () => {
          endpoint.onRefused = undefined;
          try {
            connection.peerKey = verify(native, to);
            admitted(connection);
          } catch (thrown) {
            connection.abort(thrown as RedRoomError, CERTIFICATE_REFUSED);
          }
        },
        ended: (end) => {
          endpoint.unroute(connectionId);
          void endpoint.close();
          failed(whyNot(native, to, end));
        },
      });
      endpoint.onRefused = () => connection.abort(unreachable(host, address.port, undefined));
      const abort = () => connection.abort(signal.reason as RedRoomError);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      endpoint.route(connectionId, connection);
      connection.wantTurn();
    });
  } catch (thrown) {
    void endpoint.close();
    throw thrown;
  }
}

function verify(native: NativeConnection, { options, address }: Dial): Uint8Array {
  return verifyCertificate(native.peerCertChain()?.[0], {
    pin: address.pin,
    name: options.ca === undefined ? undefined : (options.serverName ?? address.host),
    nowMs: options.clock.now(),
  });
}

/** BoringSSL's verdict on a chain is one alert for many reasons; the dates are the one that people can mend. */
function whyNot(native: NativeConnection, { options }: Dial, end: ConnectionEnd): RedRoomError {
  const error = end.error ?? connectionClosed("the server closed it during the handshake");
  const leaf = native.peerCertChain()?.[0];
  if (end.by !== "local" || !error.code.startsWith("CERTIFICATE_") || leaf === undefined) return error;
  try {
    checkValidity(new X509Certificate(leaf), options.clock.now(), "connect");
    return error;
  } catch (thrown) {
    return thrown instanceof RedRoomError ? thrown : error;
  }
}

/** Waits as long as the caller does. */
async function beforeEnd<T>(
  work: Promise<T>,
  timeoutMs: number,
  where: string,
  { clock }: QuicOptions,
  signal: AbortSignal | undefined,
): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const abort = () => reject(aborted(`connect to ${where}`, signal?.reason));
    const timer = clock.setTimer(() => {
      reject(
        new RedRoomError("TIMEOUT", `unable to connect to ${where}; no answer within ${Math.round(timeoutMs)} ms`, {
          retryable: true,
          remedy: "check the address, and that the server runs and its UDP port is open",
        }),
      );
    }, timeoutMs);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
    });
  });
}
