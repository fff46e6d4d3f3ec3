// What somebody writes after `npm install @redroom/sdk`: compiled and run outside the workspace.
import { readFileSync } from "node:fs";
import { createUser, RedRoomClient, RedRoomServer, type TopicMessage } from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";

const read = (path: string) => readFileSync(path, "utf8");
const store = sqliteStore("room.db");
const server = new RedRoomServer({ tls: { certificate: read("certificate.pem"), privateKey: read("key.pem") }, store });
const { address } = await server.listen();
const anna = await createUser(store.users, { name: "anna", password: "correct horse battery" });
await server.createTopic("Share Deal");
await server.setRoles("Share Deal", anna, ["superuser"]);

const client = await RedRoomClient.connect(address, { auth: { name: "anna", password: "correct horse battery" } });
const topic = await client.topic("Share Deal").open({ from: "start" });
const { seq } = await topic.send("Wie hoch sind die Rückstellungen?");
const history: TopicMessage[] = await topic.history();
console.log(JSON.stringify({ address, seq, texts: history.map(({ text }) => text) }));
await client.close();
await server.close();
