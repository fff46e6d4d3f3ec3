// Appends messages to a topic, each when the one before is stored, and prints a line of JSON for each: its seq, or why not,
// and how long it took. Then how many messages there are, and how the event loop has fared.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { sqliteStore } from "../../../src/sqlite.ts";
import { newKey, say } from "../../../src/testing/store-entries.ts";

const [file = "", topicId = "", text = "", count = "1"] = process.argv.slice(2);
const store = sqliteStore(file, { busyTimeoutMs: 60_000 });
await store.open();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let ticks = 0;
const ticking = setInterval(() => {
  ticks += 1;
}, 1);
for (let number = 1; number <= Number(count); number++) {
  const started = performance.now();
  const line = await say(store, topicId, `${text} ${number}`, newKey()).then(
    ({ entries }) => ({ seq: entries[0]?.seq }),
    ({ code, message, retryable }) => ({ code, message, retryable }),
  );
  console.log(JSON.stringify({ ...line, ms: Math.round(performance.now() - started) }));
}
clearInterval(ticking);
delay.disable();
const texts = (await store.read(topicId, { from: 1, limit: 1_000_000, maxBytes: 1_000_000_000 })).length;
await store.close();
console.log(JSON.stringify({ readable: texts, ticks, stallMs: Math.round(delay.max / 1e6) }));
