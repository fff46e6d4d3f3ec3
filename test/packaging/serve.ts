import { readFileSync } from "node:fs";
import { createUser, RedRoomServer } from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";

const read = (path: string) => readFileSync(path, "utf8");
const store = sqliteStore("served.db");
const server = new RedRoomServer({ tls: { certificate: read("certificate.pem"), privateKey: read("key.pem") }, store });
const { address } = await server.listen();
const anna = await createUser(store.users, { name: "anna", password: "correct horse battery" });
await server.createTopic("Share Deal");
await server.setRoles("Share Deal", anna, ["superuser"]);
console.log(address);
process.stdin.once("end", () => server.close()).resume();
