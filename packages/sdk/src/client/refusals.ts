import { RedRoomError } from "../base/errors.ts";
import type { ClientState } from "../session/client-state.ts";

/** Why a client does not even ask the server. */
export const consentNeeded = (): RedRoomError =>
  new RedRoomError("CONSENT_NEEDED", "unable to ask anything yet; there is a text to consent to", {
    remedy: "show `client.consent.text` to the user, then call `client.consent.give()`",
  });

export const clientClosed = (): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", "unable to go on; the client is closed");

export const notOnline = (state: ClientState): RedRoomError =>
  new RedRoomError("CONNECTION_LOST", `unable to reach the server now; the client is ${state}`, { retryable: true });
