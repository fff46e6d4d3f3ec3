import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");

const sdk = (room: string, specifier: string) => [`packages/sdk/src/${room}`, specifier] as const;

/** What crosses a border: the room it is in, and what it imports there. */
const forbidden = [
  sdk("base", "node:fs"),
  sdk("base", "valibot"),
  sdk("base", "../protocol/frame.ts"),
  sdk("protocol", "node:crypto"),
  sdk("protocol", "../session/client-session.ts"),
  sdk("protocol", "../transport/transport.ts"),
  sdk("session", "node:events"),
  sdk("session", "../transport/transport.ts"),
  sdk("session", "../store/user-store.ts"),
  sdk("transport", "../session/client-session.ts"),
  sdk("transport", "../protocol/frame.ts"),
  sdk("transport", "@matrixai/quic"),
  sdk("transport/memory", "@matrixai/quic"),
  sdk("transport/memory", "../quic/quic-transport.ts"),
  sdk("transport/quic", "../../protocol/frame.ts"),
  sdk("transport/quic", "../../session/client-session.ts"),
  sdk("evidence", "node:fs"),
  sdk("evidence", "../store/topic-store.ts"),
  sdk("rules", "node:crypto"),
  sdk("rules", "../protocol/frame.ts"),
  sdk("rules", "../store/topic-store.ts"),
  sdk("evidence", "../rules/policy.ts"),
  sdk("store", "better-sqlite3"),
  sdk("store", "../protocol/frame.ts"),
  sdk("store/memory", "better-sqlite3"),
  sdk("store/memory", "../../server/peer.ts"),
  sdk("store/sqlite", "../../server/peer.ts"),
  sdk("store/sqlite", "@matrixai/quic"),
  sdk("channel", "../session/client-session.ts"),
  sdk("channel", "../transport/quic/quic-transport.ts"),
  sdk("channel", "node:stream"),
  sdk("client", "../store/topic-store.ts"),
  sdk("client", "../server/redroom-server.ts"),
  sdk("client", "better-sqlite3"),
  sdk("client", "@matrixai/quic"),
  sdk("server", "../client/redroom-client.ts"),
  sdk("server", "../bot/bot.ts"),
  sdk("client", "../bot/bot.ts"),
  sdk("bot", "../server/redroom-server.ts"),
  sdk("bot", "../protocol/messages.ts"),
  sdk("bot", "@matrixai/quic"),
  sdk("bot/sessions", "better-sqlite3"),
  sdk("bot/sessions", "../../store/sqlite/sqlite-store.ts"),
  sdk("bot/sessions", "../../client/topic.ts"),
  sdk("server", "../store/sqlite/sqlite-store.ts"),
  sdk("server", "better-sqlite3"),
  sdk("testing", "better-sqlite3"),
  sdk("testing", "@matrixai/quic"),
  ...["base", "protocol", "session", "transport", "evidence", "rules", "store", "channel", "client", "server"].map(
    (room) => sdk(room, "../testing/topic-store-contract.ts"),
  ),
  // Detours through a permitted folder.
  sdk("session", "./../transport/transport.ts"),
  sdk("session", "../base/../transport/transport.ts"),
  // Doors.
  sdk(".", "valibot"),
  sdk(".", "./testing/topic-store-contract.ts"),
  sdk(".", "./store/sqlite/sqlite-store.ts"),
  // Other packages.
  ["packages/sdk/test", "@redroom/server-kit"],
  ["packages/server-kit/src", "@redroom/sdk/src/base/errors.ts"],
  ["packages/server-kit/src", "../../sdk/src/index.ts"],
  ["packages/server-kit/src", "@matrixai/quic"],
  ["examples/cli/src", "../../../packages/sdk/src/index.ts"],
  ["examples/bot/src", "@redroom/sdk/dist/index.js"],
  ["bench/src", "../../packages/sdk/src/transport.ts"],
  ["reliability/src", "../../packages/sdk/src/transport.ts"],
] as const;

const permitted = [
  sdk("protocol", "valibot"),
  sdk("protocol", "../base/errors.ts"),
  sdk("session", "../protocol/messages.ts"),
  sdk("transport", "../protocol/address.ts"),
  sdk("transport/quic", "@matrixai/quic"),
  sdk("transport/quic", "node:dgram"),
  sdk("transport/quic", "../transport.ts"),
  sdk("transport/quic", "../../base/errors.ts"),
  sdk("evidence", "node:crypto"),
  sdk("rules", "../evidence/leaf.ts"),
  sdk("store", "../rules/search-words.ts"),
  sdk("store/sqlite", "../../rules/search-words.ts"),
  sdk("store/sqlite", "better-sqlite3"),
  sdk("store/sqlite", "node:fs/promises"),
  sdk("client", "../transport/quic/quic-transport.ts"),
  sdk("rules", "../evidence/leaf.ts"),
  sdk("store", "../rules/topic-state.ts"),
  sdk("client", "../rules/policy.ts"),
  sdk("server", "../rules/decide.ts"),
  sdk("server", "../store/topic-store.ts"),
  sdk("server", "@node-rs/argon2"),
  sdk("testing", "../server/redroom-server.ts"),
  sdk("bot", "../client/topic.ts"),
  sdk("bot", "./sessions/memory-sessions.ts"),
  sdk("bot/sessions", "../../base/errors.ts"),
  sdk("bot/sessions", "../../store/sqlite/file-lock.ts"),
  ["examples/bot/src", "@redroom/sdk/bot"],
  ["packages/server-kit/src", "@redroom/sdk/sqlite"],
  ["packages/server-kit/src", "./config.ts"],
  ["examples/cli/src", "@redroom/sdk"],
] as const;

describe("the borders between the rooms", () => {
  const folder = mkdtempSync(join(tmpdir(), "redroom-borders-"));
  const fileOf = (room: string, specifier: string) => posix.join(room, `x${Buffer.from(specifier).toString("hex")}.ts`);
  let complaints: Map<string, string[]>;

  /** All violations at once: one run of the linter over a copy of its configuration. */
  beforeAll(() => {
    for (const name of ["biome.jsonc", ".gitignore", "scripts/lint"]) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    execFileSync("git", ["init", "--quiet"], { cwd: folder });
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    for (const [room, specifier] of [...forbidden, ...permitted]) {
      write(fileOf(room, specifier), `export { something } from "${specifier}";\n`);
    }
    for (const [path, text] of Object.entries(others)) write(path, text);
    complaints = lint(folder);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(forbidden)("%s may not import %s", (room, specifier) => {
    expect(complaints.get(fileOf(room, specifier))).toContain("lint/style/noRestrictedImports");
  });

  it.each(permitted)("%s may import %s", (room, specifier) => {
    expect(complaints.get(fileOf(room, specifier)) ?? []).toEqual([]);
  });

  const others = {
    "packages/sdk/src/door-with-code.ts": "export const limit = 1;\n",
    "packages/sdk/src/door-with-type.ts": "export interface Limit {\n  readonly bytes: number;\n}\n",
    "packages/sdk/src/protocol/timer.ts": "export const wait = (then: () => void) => setTimeout(then, 1);\n",
    "packages/sdk/src/session/clock.ts": "export const now = () => Date.now();\n",
    "packages/sdk/src/client/dynamic.ts": 'export const load = () => import("better-sqlite3");\n',
    "packages/sdk/src/client/type.ts": 'export type Store = import("../store/topic-store.ts").TopicStore;\n',
    "packages/sdk/src/base/hen.ts": 'import type { Egg } from "./egg.ts";\nexport type Hen = { egg: Egg };\n',
    "packages/sdk/src/base/egg.ts": 'import type { Hen } from "./hen.ts";\nexport type Egg = { hen: Hen };\n',
  };

  it.each([
    ["a door holds code", "packages/sdk/src/door-with-code.ts", "plugin"],
    ["a door holds a type", "packages/sdk/src/door-with-type.ts", "plugin"],
    ["protocol has a timer", "packages/sdk/src/protocol/timer.ts", "lint/style/noRestrictedGlobals"],
    ["session reads the clock", "packages/sdk/src/session/clock.ts", "lint/style/noRestrictedGlobals"],
    ["a border is crossed by import()", "packages/sdk/src/client/dynamic.ts", "lint/style/noRestrictedImports"],
    ["a border is crossed by an import type", "packages/sdk/src/client/type.ts", "plugin"],
    ["two files import each other", "packages/sdk/src/base/hen.ts", "lint/suspicious/noImportCycles"],
  ])("%s, and the linter says so", (_, path, rule) => {
    expect(complaints.get(path)).toContain(rule);
  });
});

/** The rules that each file breaks, as errors. */
function lint(folder: string): Map<string, string[]> {
  const args = [biome, "lint", "--reporter=json", "--max-diagnostics=none", "--diagnostic-level=error"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  if (!stdout.startsWith("{")) throw new Error(`biome gave no report: ${stderr}`);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { path: string } }[] };
  const found = new Map<string, string[]>();
  for (const { category, location } of diagnostics) {
    const path = location.path.replaceAll("\\", "/");
    found.set(path, [...(found.get(path) ?? []), category]);
  }
  return found;
}
