import { ackTimes, deliveryTimes } from "../harness/delivery-times.ts";
import type { Room } from "../harness/room.ts";
import { describeTimes, ms, worst } from "../harness/statistics.ts";
import type { Outcome } from "../scenario.ts";
import { PEOPLE } from "./crowd.ts";

/** Invariant 10. */
const HEALED_WITHIN_MS = 2_000;

/**
 * @param healed When the last fault had ended and everybody was online again; `undefined` where nothing was broken.
 * @param measured What the scenario has counted itself.
 */
export function tellOutcome(
  room: Room,
  faults: readonly string[],
  healed: number | undefined,
  measured: Outcome["measured"],
): Outcome {
  const clients = [...room.clients.values()];
  const told = new Map(clients.map((client) => [client.name, client.told]));
  const count = (key: "stored" | "read"): number => clients.reduce((sum, { counts }) => sum + counts[key], 0);
  const afterwards = healed === undefined ? [] : deliveryTimes(told, PEOPLE, { since: healed });
  const late = afterwards.length > 0 && worst(afterwards) > HEALED_WITHIN_MS;
  return {
    faults: [
      ...faults,
      ...(late
        ? [`after all was well again a message took ${ms(worst(afterwards))}, ${HEALED_WITHIN_MS} ms are promised`]
        : []),
      ...(healed !== undefined && afterwards.length === 0 ? ["nothing was delivered after all was well again"] : []),
    ],
    measured: {
      ...measured,
      "messages stored": String(count("stored")),
      "read by all": String(count("read")),
      "found by a second try": String(
        clients.flatMap((client) => client.all("stored")).filter(({ duplicate }) => duplicate).length,
      ),
      "send to ack": describeTimes(ackTimes(told)),
      ...(healed !== undefined && { "delivered after all was well": describeTimes(afterwards) }),
    },
  };
}
