import { isIP } from "node:net";
import { RedRoomError } from "../../base/errors.ts";
import type { Address } from "../../protocol/address.ts";
import type { Connection, ConnectOptions, Listener, ListenOptions, Transport } from "../transport.ts";
import { clientConfig, serverConfig } from "./quic-config.ts";
import { dial } from "./quic-dial.ts";
import { QuicEndpoint } from "./quic-endpoint.ts";
import { QuicListener } from "./quic-listener.ts";
import {
  type QuicOptions,
  type QuicTransportOptions,
  readServerCertificate,
  resolveQuicOptions,
} from "./quic-options.ts";
import { loadQuiche, type NativeConfig } from "./quiche.ts";
import { pinOf } from "./verify-certificate.ts";

export type { QuicTransportOptions, TlsIdentity } from "./quic-options.ts";

/**
 * QUIC v1 with TLS 1.3. A server is known by the pin in its address, by an authority given as `ca`, or by both; never by
 * the operating system's authorities.
 *
 * @throws {RedRoomError} `OPTIONS_INVALID`. `PLATFORM_UNSUPPORTED` comes with the first use, not here.
 */
export function quicTransport(options: QuicTransportOptions = {}): Transport {
  return new QuicTransport(resolveQuicOptions(options));
}

class QuicTransport implements Transport {
  readonly #options: QuicOptions;
  #clientConfig: NativeConfig | undefined;

  constructor(options: QuicOptions) {
    this.#options = options;
  }

  async connect(address: Address, options: ConnectOptions = {}): Promise<Connection> {
    const quiche = await loadQuiche();
    this.#clientConfig ??= clientConfig(quiche, this.#options);
    return await dial({ quiche, config: this.#clientConfig, options: this.#options, address }, options);
  }

  async listen(
    { host = "127.0.0.1", port = 0 }: ListenOptions,
    onConnection: (connection: Connection) => void,
  ): Promise<Listener> {
    const leaf = readServerCertificate(this.#options);
    const ip = host === "localhost" ? "127.0.0.1" : host;
    if (isIP(ip) === 0) {
      throw new RedRoomError("ADDRESS_UNAVAILABLE", `unable to listen on ${host}; it is not an IP address`, {
        remedy: "give an address of this machine, or 0.0.0.0 or :: for all of them",
      });
    }
    const quiche = await loadQuiche();
    let config: NativeConfig;
    try {
      config = serverConfig(quiche, this.#options);
    } catch (cause) {
      throw new RedRoomError(
        "CERTIFICATE_INVALID",
        "unable to listen; BoringSSL does not take the certificate or its key",
        {
          cause,
        },
      );
    }
    const endpoint = await QuicEndpoint.bind(ip, port);
    const address = { host, port: endpoint.local.port, pin: pinOf(leaf) };
    return new QuicListener(address, endpoint, quiche, config, this.#options, onConnection);
  }
}
