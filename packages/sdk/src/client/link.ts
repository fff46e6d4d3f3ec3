import type { RedRoomError } from "../base/errors.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Connection } from "../transport/transport.ts";

/** What the topics and requests of a client need of its session: the connection while it is online, and its limits. */
export interface Link {
  readonly connection: Connection;
  readonly limits: Limits;
  /** The server broke the protocol: the session ends with this error. */
  violated(error: RedRoomError): void;
}
