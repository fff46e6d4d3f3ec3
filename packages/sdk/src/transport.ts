export { type MemoryTransportOptions, memoryTransport } from "./transport/memory/memory-transport.ts";
export { type QuicTransportOptions, quicTransport, type TlsIdentity } from "./transport/quic/quic-transport.ts";
export type {
  Connection,
  ConnectionEnd,
  ConnectOptions,
  Listener,
  ListenOptions,
  Stream,
  StreamHandler,
  Transport,
} from "./transport/transport.ts";
