import type { TlsPair } from "../harness/certificate.ts";
import { cpuTimeUs } from "../harness/cpu.ts";
import { playRole } from "../harness/role.ts";
import { quantile } from "../harness/statistics.ts";
import { type Publisher, publishers } from "./publishers.ts";
import type { RecordName } from "./topic.ts";

const TEXT_BYTES = 200;

let crowd: readonly Publisher[] = [];
let head = 0;

const calls = {
  async connect(options: { record: RecordName; address: string; tls: TlsPair; publishers: number }) {
    const { record, address, tls } = options;
    crowd = await Promise.all(
      Array.from({ length: options.publishers }, (_, i) => publishers[record](address, tls, `publisher-${i}`)),
    );
  },

  async disconnect() {
    await Promise.all(crowd.map((publisher) => publisher.close()));
  },

  /** As fast as the acks come, each publisher with at most `window` messages unacknowledged. */
  async publish({ durationMs, window }: { durationMs: number; window: number }) {
    const latencies: number[] = [];
    const seqs: number[] = [];
    const cpuBefore = cpuTimeUs();
    const start = performance.now();
    const loop = async (publisher: Publisher): Promise<void> => {
      while (performance.now() - start < durationMs) {
        const sentAt = performance.now();
        seqs.push(await publisher.publish(`${seqs.length} `.padEnd(TEXT_BYTES, "x")));
        latencies.push(performance.now() - sentAt);
      }
    };
    await Promise.all(crowd.flatMap((publisher) => Array.from({ length: window }, () => loop(publisher))));
    const seconds = (performance.now() - start) / 1_000;
    const cpuUs = cpuTimeUs() - cpuBefore;
    head = checkDense(seqs, head);
    return {
      messages: seqs.length,
      seconds,
      cpuUs,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      head,
    };
  },
};

/** Every message has a number of its own, and none is missing. @returns The highest. */
function checkDense(seqs: readonly number[], before: number): number {
  const sorted = Float64Array.from(seqs).sort();
  for (const [i, seq] of sorted.entries()) {
    if (seq !== before + i + 1) throw new Error(`seq ${seq} was acknowledged where ${before + i + 1} was due`);
  }
  return before + seqs.length;
}

export type PublishClient = typeof calls;

playRole(calls);
