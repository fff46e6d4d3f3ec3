import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));

export const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** Folders of the workspaces, relative to the root and with forward slashes, as the lockfile writes them. */
export function workspaces() {
  return readJson("package.json").workspaces.flatMap((pattern) => {
    if (!pattern.endsWith("/*")) return [pattern];
    const parent = pattern.slice(0, -2);
    return readdirSync(join(root, parent))
      .map((name) => `${parent}/${name}`)
      .filter((folder) => existsSync(join(root, folder, "package.json")));
  });
}
