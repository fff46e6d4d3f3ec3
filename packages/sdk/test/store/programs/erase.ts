// Erases an entry, and prints the seq of the entry that says so as a line of JSON.
import { sqliteStore } from "../../../src/sqlite.ts";
import { draftOf, newKey } from "../../../src/testing/store-entries.ts";

const [file = "", topicId = "", seq = "1"] = process.argv.slice(2);
const store = sqliteStore(file);
await store.open();
const key = newKey();
const { entries } = await store.erase(topicId, Number(seq), key, (head) => [
  draftOf(topicId, key, head, "gone", { kind: "erasure", re: Number(seq) }),
]);
await store.close();
console.log(JSON.stringify({ erasure: entries[0]?.seq }));
