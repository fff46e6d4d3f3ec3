import type { QuicOptions } from "./quic-options.ts";
import type { NativeConfig, Quiche } from "./quiche.ts";

/** Bytes that a stream holds for a reader that does not read; it grows to the second while the reader keeps up. */
const STREAM_WINDOW_BYTES = 64 * 1024;
const MAX_STREAM_WINDOW_BYTES = 256 * 1024;
/**
 * Connection-level flow control is off (1 PiB): quiche 0.18 shrinks that window to 48 KiB after its initial credit, and
 * never gives back what a reset stream held, so that one paused or a few reset streams would stall all others. What a
 * peer can make us hold is bounded by `maxStreams` windows.
 */
const CONNECTION_WINDOW_BYTES = 2 ** 50;
/** Fits Ethernet with any tunnel in use; a datagram is never split. */
export const MAX_DATAGRAM_BYTES = 1350;
const SIGNATURE_ALGORITHMS =
  "ecdsa_secp256r1_sha256:ed25519:rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384:rsa_pkcs1_sha256";

export function serverConfig(quiche: Quiche, options: QuicOptions): NativeConfig {
  const { tls = { certificate: "", privateKey: "" } } = options;
  const config = quiche.Config.withBoringSslCtx(
    false,
    false,
    null,
    [Buffer.from(tls.privateKey)],
    [Buffer.from(tls.certificate)],
    SIGNATURE_ALGORITHMS,
  );
  return applySettings(config, options);
}

/** Without a `ca` BoringSSL lets every certificate pass, for our own check; the system's authorities are never asked. */
export function clientConfig(quiche: Quiche, options: QuicOptions): NativeConfig {
  const ca = options.ca === undefined ? null : Buffer.from(options.ca);
  const config = quiche.Config.withBoringSslCtx(true, ca === null, ca, null, null, SIGNATURE_ALGORITHMS);
  return applySettings(config, options);
}

/** Everything explicit: the library's defaults are not ours. 0-RTT is off as long as nobody enables it. */
function applySettings(config: NativeConfig, options: QuicOptions): NativeConfig {
  config.setApplicationProtos([options.alpn]);
  config.grease(true);
  if (options.keyLogFolder !== undefined) config.logKeys();
  config.setMaxIdleTimeout(options.idleTimeoutMs);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(MAX_DATAGRAM_BYTES);
  config.setInitialMaxData(CONNECTION_WINDOW_BYTES);
  config.setMaxConnectionWindow(CONNECTION_WINDOW_BYTES);
  config.setInitialMaxStreamDataBidiLocal(STREAM_WINDOW_BYTES);
  config.setInitialMaxStreamDataBidiRemote(STREAM_WINDOW_BYTES);
  config.setInitialMaxStreamDataUni(0);
  config.setMaxStreamWindow(MAX_STREAM_WINDOW_BYTES);
  config.setInitialMaxStreamsBidi(options.maxStreams);
  config.setInitialMaxStreamsUni(0);
  config.setAckDelayExponent(3);
  config.setMaxAckDelay(25);
  config.setActiveConnectionIdLimit(2);
  config.setDisableActiveMigration(true);
  config.setDisableDcidReuse(false);
  config.setCcAlgorithmName("bbr");
  config.enableHystart(true);
  config.enablePacing(false);
  config.enableDgram(false, 0, 0);
  return config;
}
