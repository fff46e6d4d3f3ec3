// Appends messages to a topic, each when the one before is stored, and prints a line of JSON for each: its seq, or why not.
import { sqliteStore } from "../../../src/sqlite.ts";
import { newKey, say } from "../../../src/testing/store-entries.ts";

const [file = "", topicId = "", text = "", count = "1"] = process.argv.slice(2);
const store = sqliteStore(file);
await store.open();
for (let number = 1; number <= Number(count); number++) {
  await say(store, topicId, `${text} ${number}`, newKey()).then(
    ({ entries }) => console.log(JSON.stringify({ seq: entries[0]?.seq })),
    ({ code, message, retryable }) => console.log(JSON.stringify({ code, message, retryable })),
  );
}
const texts = (await store.read(topicId, { from: 1, limit: 1_000_000, maxBytes: 1_000_000_000 })).length;
await store.close();
console.log(JSON.stringify({ readable: texts }));
