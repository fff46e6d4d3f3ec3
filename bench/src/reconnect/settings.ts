/** Red Room, or the plain server it is compared with. */
export type RecordName = "redroom" | "plain";

/** How a server ends, and whether the next one checks passwords. */
export interface End {
  readonly drain: boolean;
  readonly passwords: boolean;
}

export const TOPIC = "Share Deal";
export const USER = { name: "anna", password: "nothing here is secret" };
export const CLIENTS = { full: 1_000, short: 100 };
export const HEARTBEAT_MS = 10_000;
/** Red Room's defaults, for both. */
export const RETRY = { minDelayMs: 200, maxDelayMs: 15_000 };

/** Below the ports that systems give to those who dial: while the server is away, none of its clients must get its port. */
export const somePort = (): number => 10_000 + Math.floor(Math.random() * 20_000);

/** Milliseconds on the one clock that all processes of a machine share. */
export const sharedClock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The message that the server of this round stores when it begins to listen. */
export const textOf = (round: number): string => `round ${round}`;
