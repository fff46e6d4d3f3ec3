import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, run, writtenOut } from "./documented-code.ts";

/** A server, and somebody who asks. */
const AROUND_A_BOT = `
import { RedRoomClient, RedRoomServer } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { createCertificate } from "@redroom/server-kit";

const authenticate = async ({ name }) => ({ id: name, name, admin: false });
const server = new RedRoomServer({ tls: createCertificate(), store: memoryStore(), authenticate });
const { address } = await server.listen();
const password = "any";
await server.createTopic("Share Deal");
for (const name of ["anna", "desk"]) await server.setRoles("Share Deal", { id: name, name }, ["superuser"]);
THE_BOT
const client = await RedRoomClient.connect(address, { auth: { name: "anna", password } });
const topic = await client.topic("Share Deal").open();
await topic.ask("Is anybody there?", { priority: "high" });
await topic.ask("/status");
let answers = 0;
for await (const message of topic.messages({ from: "start" })) {
  if (message.kind !== "answer") continue;
  console.log(message.text);
  answers += 1;
  if (answers === 2) break;
}
await bot.stop();
await client.close();
await server.close();
`;

describe("the README", () => {
  it("shows a program that runs as it stands there", async () => {
    const page = await readFile(join(root, "README.md"), "utf8");
    const program = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(program).toContain("port: 4433");
    await using written = await writtenOut(new Map([["example.ts", program]]));
    const { stdout, stderr } = await run(written.folder, ["example.ts"]);
    expect(stderr).toBe("");
    expect(stdout).toBe("Share Deal: Wie hoch sind die Rückstellungen?\n");
  });

  it("shows a bot that runs as it stands there", async () => {
    const page = await readFile(join(root, "README.md"), "utf8");
    const bot = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    await using written = await writtenOut(new Map([["bot.ts", AROUND_A_BOT.replace("THE_BOT", () => bot)]]));
    const { stdout, stderr } = await run(written.folder, ["bot.ts"]);
    expect(stderr).toBe("");
    expect(stdout).toBe("We are on it.\nAt your service.\n");
  });

  it("names only commands that an install links: their files are there before anything is built", async () => {
    const page = await readFile(join(root, "README.md"), "utf8");
    const named = new Set([...page.matchAll(/^npx (\S+)/gm)].map(([, command = ""]) => command));
    expect([...named].toSorted()).toEqual(["redroom", "redroom-server"]);
    const linked: string[] = [];
    for (const parent of ["packages", "examples"]) {
      for (const name of await readdir(join(root, parent))) {
        const folder = join(root, parent, name);
        const { bin = {} } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
        for (const [command, file] of Object.entries<string>(bin)) {
          if (!/^(\.\/)?dist\//.test(file) && existsSync(join(folder, file))) linked.push(command);
        }
      }
    }
    expect(linked).toEqual(expect.arrayContaining([...named]));
  });
});
