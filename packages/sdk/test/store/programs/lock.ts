// Keeps a store's file locked for as long as it lives, and prints that it does as a line of JSON.
import Database from "better-sqlite3";

const database = new Database(process.argv[2] ?? "");
database.exec("BEGIN IMMEDIATE");
console.log(JSON.stringify({ locked: true }));
setInterval(() => database.open, 1_000);
