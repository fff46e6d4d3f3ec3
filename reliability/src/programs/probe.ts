// Loaded into the server's process beside its program: measures it from inside, and leaves the program as it is.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { answerCalls } from "../harness/calls.ts";
import { takeFootprint } from "../harness/footprint.ts";

const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

const calls = {
  footprint: () => takeFootprint(),

  /** The longest time, in milliseconds, that the event loop stood still since this was asked last. */
  stallMs() {
    const longest = delay.max / 1e6 - RESOLUTION_MS;
    delay.reset();
    return Math.max(0, longest);
  },
};

export type ProbeCalls = typeof calls;

answerCalls(calls);
// The one who asks does not keep the server alive.
process.channel?.unref();
