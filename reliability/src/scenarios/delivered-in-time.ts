import { UdpRelay } from "@redroom/sdk/testing";
import { ackTimes, deliveryTimes } from "../harness/delivery-times.ts";
import { Room } from "../harness/room.ts";
import { describeTimes, ms, worst } from "../harness/statistics.ts";
import type { Scenario } from "../scenario.ts";

const PROMISED_MS = 2_000;
const TITLES = Array.from({ length: 10 }, (_, i) => `topic ${i + 1}`);
const PUBLISHERS = ["anna", "bernd", "clara", "dieter"];
const READERS = ["emil", "frida"];
const PER_SECOND = 25;

/** R27. Both ways of each connection lose and delay, so a message passes two bad networks. */
export const deliveredInTime: Scenario = {
  promise: "through 5 % loss and 50 ms round trip every message reaches everybody within 2 s",
  async run({ short, random, log }) {
    const messages = short ? 500 : 10_000;
    await using room = await Room.open({ people: [...PUBLISHERS, ...READERS], topics: TITLES });
    const conditions = { lossRate: 0.05, delayMs: 25 };
    await using relay = await UdpRelay.to(room.address, { conditions, random: () => random.next() });
    const [publishers, readers] = await Promise.all(
      [PUBLISHERS, READERS].map((names) =>
        Promise.all(
          names.map((name) => room.enter(name, { titles: TITLES, from: "now", reading: "events" }, relay.url)),
        ),
      ),
    );
    const all = [...(publishers ?? []), ...(readers ?? [])];
    log(`${messages} messages, ${PER_SECOND * PUBLISHERS.length} a second`);
    await Promise.all(
      (publishers ?? []).map((one) => one.publish({ titles: TITLES, perSecond: PER_SECOND, window: 1_000 })),
    );
    const sent = (): number => all.reduce((sum, { counts }) => sum + counts.sent, 0);
    await room.until(
      () => sent() >= messages,
      messages * 30,
      () => `${sent()} of ${messages} messages sent`,
    );
    const faults = await room.conclude([...PUBLISHERS, ...READERS]);
    const told = new Map(all.map((client) => [client.name, client.told]));
    const times = deliveryTimes(told, [...PUBLISHERS, ...READERS]);
    if (worst(times) > PROMISED_MS) faults.push(`a message took ${ms(worst(times))}, ${PROMISED_MS} ms are promised`);
    return {
      faults,
      measured: {
        messages: `${sent()} in ${TITLES.length} topics, ${PER_SECOND * PUBLISHERS.length} a second, ${all.length} clients`,
        "publish to delivered": describeTimes(times),
        "publish to ack": describeTimes(ackTimes(told)),
      },
    };
  },
};
