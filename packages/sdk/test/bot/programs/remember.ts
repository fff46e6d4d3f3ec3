// Writes to a file of sessions again and again, several keys at a time, and prints a line of JSON for each that is written.
import { fileSessions } from "../../../src/bot/sessions/file-sessions.ts";

const [file = ""] = process.argv.slice(2);
const sessions = fileSessions(file);
const before = Number((await sessions.read("anna")) ?? 0);
for (let count = before + 1; ; count += 1) {
  const filler = sessions.write("filler", `${count} `.repeat(20_000));
  await Promise.all([sessions.write("anna", `${count}`), sessions.write("bernd", `${count}`), filler]);
  console.log(JSON.stringify({ count }));
}
