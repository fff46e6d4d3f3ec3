import { fromBase64Url } from "../base/bytes.ts";
import { RedRoomError, type RedRoomErrorCode, toRedRoomError } from "../base/errors.ts";
import { MessageChannel } from "../channel/message-channel.ts";
import { verifyLogKey } from "../evidence/log-key.ts";
import type { Address } from "../protocol/address.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { DEFAULT_LIMITS, maxFrameBytes } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Connection, ConnectionEnd, Transport } from "../transport/transport.ts";
import { decodeHash } from "./hashes.ts";

export interface ControlLinkHandler {
  onConnected(): void;
  /** A `welcome` only where the key of the connection has certified its log key. */
  onMessage(message: Message): void;
  /** The dial, the connection or the control stream ended. Nothing follows. */
  onLost(error: RedRoomError): void;
  /** What the server sent is not the protocol, or its log is not its own. Nothing follows. */
  onBreach(error: RedRoomError): void;
}

/** One attempt at a connection, the connection that it leads to, and the control stream on it. */
export class ControlLink {
  readonly #handler: ControlLinkHandler;
  readonly #abort = new AbortController();
  #connection: Connection | undefined;
  #channel: MessageChannel | undefined;
  #over = false;

  constructor(transport: Transport, address: Address, timeoutMs: number, handler: ControlLinkHandler) {
    this.#handler = handler;
    void this.#dial(transport, address, timeoutMs);
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  send(message: Message): void {
    this.#channel?.send(message);
  }

  /** Ends the dial or the connection. Nothing is heard of it any more. */
  drop(code: number, reason: string): void {
    this.#over = true;
    this.#abort.abort();
    this.#connection?.close(code, reason.slice(0, 200));
  }

  async #dial(transport: Transport, address: Address, timeoutMs: number): Promise<void> {
    try {
      const connection = await transport.connect(address, { signal: this.#abort.signal, timeoutMs });
      if (this.#over) return connection.close();
      this.#connection = connection;
      this.#channel = this.#openControl(connection);
      void connection.closed.then((end) => this.#lost(reasonOf(end)));
      this.#handler.onConnected();
    } catch (thrown) {
      this.#lost(toRedRoomError(thrown, "UNREACHABLE", "connect"));
    }
  }

  #openControl(connection: Connection): MessageChannel {
    return new MessageChannel(
      connection.openStream(),
      { maxFrameBytes: maxFrameBytes(DEFAULT_LIMITS) },
      {
        onMessage: (message) => this.#receive(message, connection),
        // The connection's own end, which says why, follows; if it does not, that is as good as lost.
        onEnd: () => connection.close(CLOSE_CODES.unanswered, "the control stream ended"),
        onReset: () => connection.close(CLOSE_CODES.unanswered, "the control stream ended"),
        onViolation: (error) => this.#breach(error),
        onDrain: () => {},
      },
    );
  }

  #receive(message: Message, { peerKey }: Connection): void {
    if (this.#over) return;
    if (message.type === "welcome" && peerKey !== undefined && !isCertified(message, peerKey)) {
      const why = "its key is not certified by the server's";
      this.#breach(new RedRoomError("CERTIFICATE_INVALID", `unable to trust the server's log; ${why}`));
    } else {
      this.#handler.onMessage(message);
    }
  }

  #lost(error: RedRoomError): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onLost(error);
  }

  #breach(error: RedRoomError): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection?.close(CLOSE_CODES.protocolError, error.message.slice(0, 200));
    this.#handler.onBreach(error);
  }
}

function isCertified({ logKey, logKeyCertificate }: MessageOf<"welcome">, peerKey: Uint8Array): boolean {
  const certificate = logKeyCertificate === undefined ? undefined : fromBase64Url(logKeyCertificate);
  return verifyLogKey(decodeHash(logKey), certificate ?? new Uint8Array(), peerKey);
}

/** The codes with which a server closes that say more than that the connection is closed. */
const TOLD: Readonly<Record<number, { readonly code: RedRoomErrorCode; readonly what: string }>> = {
  [CLOSE_CODES.protocolError]: { code: "PROTOCOL_ERROR", what: "says that this client broke the protocol" },
  [CLOSE_CODES.shuttingDown]: { code: "SHUTTING_DOWN", what: "is shutting down" },
  [CLOSE_CODES.revoked]: { code: "SESSION_REVOKED", what: "has ended the session" },
  [CLOSE_CODES.unanswered]: { code: "CONNECTION_LOST", what: "has not heard us in time" },
  [CLOSE_CODES.slowConsumer]: { code: "SLOW_CONSUMER", what: "could not send as fast as messages came" },
};

/** What a connection's end means to the session. */
function reasonOf({ by, code, reason, error }: ConnectionEnd): RedRoomError {
  const told = by === "peer" ? TOLD[code] : undefined;
  if (told !== undefined) {
    const why = reason === "" ? "" : ` (${reason})`;
    return new RedRoomError(told.code, `unable to go on; the server ${told.what}${why}`, {
      retryable: code !== CLOSE_CODES.protocolError,
    });
  }
  return (
    error ?? new RedRoomError("CONNECTION_CLOSED", "unable to go on; the connection was closed", { retryable: true })
  );
}
