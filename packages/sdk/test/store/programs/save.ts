// Claims a cursor and saves it again and again, each time when the one before is saved, and prints a line of JSON for each.
import { sqliteStore } from "../../../src/sqlite.ts";

const [file = "", topicId = ""] = process.argv.slice(2);
const store = sqliteStore(file);
await store.open();
const key = { topicId, person: "a-person", name: "place" };
const { epoch } = await store.cursors.claim(key);
for (let number = 1; ; number += 1) {
  await store.cursors.save(key, { epoch, number, value: `${number} `.repeat(5_000) });
  console.log(JSON.stringify({ seq: number }));
}
