import type { Quiche } from "@matrixai/quic/native/quiche.js";
import type { Connection as NativeConnection } from "@matrixai/quic/native/types.js";
import { RedRoomError } from "../../base/errors.ts";
import { connectionLost } from "../endings.ts";

export type { Config as NativeConfig } from "@matrixai/quic/native/types.js";
export type { NativeConnection, Quiche };

// quiche's numbers, repeated because its enums are only there once the binary is loaded.
export const SHUTDOWN_READ = 0;
export const SHUTDOWN_WRITE = 1;

let loading: Promise<Quiche> | undefined;

/**
 * Loads the native binary with the first use, so that importing the SDK succeeds where there is none.
 *
 * @throws {RedRoomError} `PLATFORM_UNSUPPORTED`, naming the platform.
 */
export async function loadQuiche(): Promise<Quiche> {
  loading ??= import("@matrixai/quic/native/index.js").then(
    (native) => native.quiche,
    (cause: unknown) => {
      throw platformUnsupported(cause);
    },
  );
  return await loading;
}

function platformUnsupported(cause: unknown, platform = process.platform, arch = process.arch): RedRoomError {
  return new RedRoomError(
    "PLATFORM_UNSUPPORTED",
    `unable to use QUIC on ${platform}-${arch}; no binary could be loaded`,
    {
      cause,
      remedy: "use Linux (x64 with glibc), Windows (x64) or macOS, and install with optional dependencies",
    },
  );
}

/** What quiche threw: its error's name, and the code in it where the peer gave one. */
export interface QuicheFailure {
  readonly name: string;
  readonly code: number;
}

/** quiche's errors arrive as plain `Error`s with texts like `StreamLimit` and `StreamReset(42)`. */
export function readQuicheFailure(thrown: unknown): QuicheFailure {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const match = /^(\w+)(?:\((\d+)\))?$/.exec(text);
  return { name: match?.[1] ?? text, code: Number(match?.[2] ?? 0) };
}

const CRYPTO_ERROR = 0x100;
const ALERT_CERTIFICATE_EXPIRED = 45;
const ALERT_NO_APPLICATION_PROTOCOL = 120;
const TRANSPORT_ERRORS = [
  "NO_ERROR",
  "INTERNAL_ERROR",
  "CONNECTION_REFUSED",
  "FLOW_CONTROL_ERROR",
  "STREAM_LIMIT_ERROR",
  "STREAM_STATE_ERROR",
  "FINAL_SIZE_ERROR",
  "FRAME_ENCODING_ERROR",
  "TRANSPORT_PARAMETER_ERROR",
  "CONNECTION_ID_LIMIT_ERROR",
  "PROTOCOL_VIOLATION",
  "INVALID_TOKEN",
  "APPLICATION_ERROR",
  "CRYPTO_BUFFER_EXCEEDED",
  "KEY_UPDATE_ERROR",
  "AEAD_LIMIT_REACHED",
  "NO_VIABLE_PATH",
];
export const CONNECTION_REFUSED = 2;
const APPLICATION_ERROR = 12;

/** An end that QUIC itself decided (RFC 9000 §20.1), not the application. */
export function transportError(doing: string, by: "local" | "peer", code: number): RedRoomError {
  const who = by === "local" ? "we" : "the peer";
  if (code === CONNECTION_REFUSED && by === "peer") {
    return new RedRoomError("TOO_MANY_CONNECTIONS", `unable to ${doing}; the server takes no further connection now`, {
      retryable: true,
    });
  }
  // How an application says goodbye before the handshake is confirmed (RFC 9000 §10.2.3): a server that stops does.
  if (code === APPLICATION_ERROR && by === "peer") {
    return connectionLost(`unable to ${doing}; the peer closed it before the handshake was complete`);
  }
  if (code === CRYPTO_ERROR + ALERT_NO_APPLICATION_PROTOCOL) {
    return new RedRoomError(
      "VERSION_UNSUPPORTED",
      `unable to ${doing}; both sides speak QUIC, but no common protocol (ALPN)`,
    );
  }
  if (code >= CRYPTO_ERROR && code < 2 * CRYPTO_ERROR) {
    const alert = code - CRYPTO_ERROR;
    return new RedRoomError(
      alert === ALERT_CERTIFICATE_EXPIRED ? "CERTIFICATE_EXPIRED" : "CERTIFICATE_INVALID",
      `unable to ${doing}; ${who} refused the TLS handshake with alert ${alert}`,
    );
  }
  const name = TRANSPORT_ERRORS[code] ?? `0x${code.toString(16)}`;
  return new RedRoomError("PROTOCOL_ERROR", `unable to ${doing}; ${who} ended it with the QUIC error ${name}`);
}
