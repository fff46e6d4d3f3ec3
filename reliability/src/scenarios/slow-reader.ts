import { setTimeout as sleep } from "node:timers/promises";
import { sharedClock } from "../harness/client-event.ts";
import { deliveryTimes } from "../harness/delivery-times.ts";
import { Room } from "../harness/room.ts";
import { describeTimes, mib, ms, quantile } from "../harness/statistics.ts";
import type { Scenario } from "../scenario.ts";

const TITLE = "Share Deal";
const PUBLISHERS = ["anna", "bernd"];
const READER = "emil";
const SLOW = "frida";
const PER_SECOND = 25; // each
/** 50 of them a second fill what the network holds in seconds. */
const BYTES = 2_000;
/** What the server's memory may grow by for one reader: its queues are bounded by less. */
const ALLOWED_BYTES = 24 * 2 ** 20;
/** The others' p99 while one does not read: twice what it was before, and the jitter of a busy machine. */
const allowedP99Ms = (before: number): number => 2 * before + 30;

export const slowReader: Scenario = {
  promise:
    "one reader that does not read costs bounded memory, delays nobody, is cut off with a reason, and misses nothing",
  async run({ short, log }) {
    const standstillMs = short ? 12_000 : 60_000;
    const people = [...PUBLISHERS, READER, SLOW];
    await using room = await Room.open({ people, topics: [TITLE] });
    const publishers = await Promise.all(
      PUBLISHERS.map((name) => room.enter(name, { titles: [TITLE], from: "start", reading: "events" })),
    );
    await room.enter(READER, { titles: [TITLE], from: "start", reading: "events" });
    const slow = await room.enter(SLOW, { titles: [TITLE], from: "start", reading: "loop" });
    await Promise.all(
      publishers.map((one) => one.publish({ titles: [TITLE], perSecond: PER_SECOND, window: 500, bytes: BYTES })),
    );
    const others = [...PUBLISHERS, READER];
    const told = () => new Map([...room.clients.values()].map((client) => [client.name, client.told]));

    await sleep(short ? 3_000 : 10_000); // warm
    const start = sharedClock();
    await sleep(short ? 5_000 : 20_000);
    const memoryBefore = await room.server.ask("footprint", undefined);
    const before = deliveryTimes(told(), others, { since: start });

    log(`${SLOW} reads nothing for ${ms(standstillMs)}`);
    const stoppedAt = sharedClock();
    await slow.ask("stopReading", undefined);
    let highest = memoryBefore;
    for (const until = stoppedAt + standstillMs; sharedClock() < until; ) {
      await sleep(1_000);
      const now = await room.server.ask("footprint", undefined);
      if (now.rssBytes > highest.rssBytes) highest = now;
    }
    const during = deliveryTimes(told(), others, { since: stoppedAt });
    const read = slow.counts.read;
    await slow.ask("readOn", undefined);
    const faults = await room.conclude(people);

    const grown = highest.rssBytes - memoryBefore.rssBytes;
    const [p99Before, p99During] = [quantile(before, 0.99), quantile(during, 0.99)];
    const cutOff = room.log.find(({ msg, code }) => code === "SLOW_CONSUMER" || /slow/i.test(msg));
    if (grown > ALLOWED_BYTES) faults.push(`the server's memory has grown by ${mib(grown)}`);
    if (p99During > allowedP99Ms(p99Before)) {
      faults.push(`the others' p99 went from ${ms(p99Before)} to ${ms(p99During)}`);
    }
    if (!short && cutOff === undefined) faults.push("the server's log does not tell that the reader was cut off");
    return {
      faults,
      measured: {
        "others, before": describeTimes(before),
        "others, meanwhile": describeTimes(during),
        "the server's memory": `${mib(memoryBefore.rssBytes)} before, ${mib(highest.rssBytes)} at most`,
        "cut off": cutOff === undefined ? "not yet" : `after ${ms(cutOff.clock - stoppedAt)}: ${cutOff.msg}`,
        "read late": `${slow.counts.read - read} messages`,
      },
    };
  },
};
