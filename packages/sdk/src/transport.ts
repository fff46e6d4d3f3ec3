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
