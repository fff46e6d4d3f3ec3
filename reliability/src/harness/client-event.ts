import type { RedRoomErrorCode } from "@redroom/sdk";

/**
 * What a client process tells about its client, as it happens. `clock` is `sharedClock()`: the order within one client is
 * the order of the events, and times of different processes can be compared.
 */
export type ClientEvent = { readonly clock: number } & (
  | { readonly event: "sending"; readonly topic: string; readonly id: string; readonly text: string }
  | {
      readonly event: "stored";
      readonly topic: string;
      readonly id: string;
      readonly seq: number;
      readonly duplicate: boolean;
    }
  | { readonly event: "failed"; readonly topic: string; readonly id: string; readonly code: string }
  | {
      readonly event: "read";
      readonly topic: string;
      readonly seq: number;
      readonly id: string;
      readonly author: string;
      readonly text: string;
    }
  | {
      readonly event: "state";
      readonly state: string;
      readonly code?: RedRoomErrorCode | undefined;
      readonly reason?: string | undefined;
      readonly retryInMs?: number | undefined;
    }
  | { readonly event: "topicFailed"; readonly topic: string; readonly code: RedRoomErrorCode }
  | { readonly event: "closed"; readonly code?: RedRoomErrorCode | undefined; readonly unsent: number }
);

export type EventOf<E extends ClientEvent["event"]> = Extract<ClientEvent, { readonly event: E }>;

/** Milliseconds on the one clock that all processes of a machine share; it goes on while a process is stopped. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
