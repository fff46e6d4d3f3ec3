import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createTopic, type EntryKind, randomId } from "@redroom/sdk";
import { commit, encodeContent, encodeLeaf, SALT_BYTES } from "@redroom/sdk/evidence";
import { sqliteStore } from "@redroom/sdk/sqlite";
import { commandOf } from "../../../test/command-of.ts";
import { readFinding } from "./python-verifier.ts";

const [NODE = "", ...REDROOM_SERVER] = commandOf("packages/server-kit");

export interface Said {
  readonly by: string;
  readonly text: string;
  readonly kind?: EntryKind;
  readonly re?: number;
  /** The receivers of a delivery, by name. */
  readonly to?: readonly string[];
}

/** Puts messages on record in a new data folder, the last of them, of kind `erasure`, by erasing, and exports the topic. */
export async function exportOf(title: string, said: readonly Said[], home: string): Promise<string> {
  const [data, out] = [join(home, "room"), join(home, "out")];
  await redroomServer("init", "--data", data);
  const store = sqliteStore(join(data, "room.db"));
  await store.open();
  try {
    const topic = (await createTopic(store, title)).id;
    const names = [...new Set(said.flatMap(({ by, to = [] }) => [by, ...to]))];
    const pseudonyms = new Map<string, string>();
    for (const name of names) pseudonyms.set(name, await store.pseudonym(topic, { id: name, name }));
    const pseudonymOf = (name: string): string => pseudonyms.get(name) ?? "";
    const add = async ({ by, text, kind = "note", re, to }: Said): Promise<void> => {
      const [id, salt, content, author] = [randomId(), randomBytes(SALT_BYTES), encodeContent(text), pseudonymOf(by)];
      const build = ({ seq }: { readonly seq: number }) => {
        const fields = { topic, seq: seq + 1, id, kind, by: author, at: Date.now(), to: to?.map(pseudonymOf), re };
        return [{ leaf: encodeLeaf({ ...fields, commitment: commit(salt, content) }), content, salt }];
      };
      const key = { author, id };
      await (kind === "erasure" && re !== undefined
        ? store.erase(topic, re, key, build)
        : store.append(topic, key, build));
    };
    await Promise.all(said.filter(({ kind }) => kind !== "erasure").map(add));
    for (const erasure of said.filter(({ kind }) => kind === "erasure")) await add(erasure);
  } finally {
    await store.close();
  }
  await redroomServer("export", "--data", data, "--topic", title, "--out", out);
  return out;
}

async function redroomServer(...args: readonly string[]): Promise<void> {
  const child = spawn(NODE, [...REDROOM_SERVER, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`redroom-server ${args[0]} ended with ${code}`);
}

/** Whether this machine has what the program of an export needs besides Python. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** The program of an export. @returns What it found, as `redroom verify --json` says it. */
export async function verifyWithPython(program: string, folder: string, ...args: readonly string[]) {
  const child = spawn("python3", [program, folder, ...args]);
  let stderr = "";
  child.stdout.resume();
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  return readFinding(code, stderr);
}
