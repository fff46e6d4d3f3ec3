import type { RedRoomError } from "../../base/errors.ts";

export type Side = "client" | "server";

/** A stream's id, or what concerns the whole connection: its end. */
export type Lane = number | "connection";

/**
 * The way that the messages of one connection take. The default carries each into the next turn; a test puts a network of
 * its own in that place.
 */
export interface MemoryPath {
  /** `host:port` that the server knows the client by; by default one of the loopback. */
  readonly clientAddress?: string;
  /** Called once, before either side has its connection. */
  opened?(ends: Readonly<Record<Side, MemoryEnd>>): void;
  /**
   * MUST call `arrive` in a later turn, at most once, for the messages of one side and lane in the order in which they
   * were sent. Never calling it is what a network does that has failed.
   */
  carry(to: Side, lane: Lane, arrive: () => void): void;
}

/** One side's connection, as the network sees it. */
export interface MemoryEnd {
  /** This side notices that the connection is lost. */
  lose(error: RedRoomError): void;
  /** This side's process is no more: nothing happens here from now on, and nobody is told. */
  vanish(): void;
}
