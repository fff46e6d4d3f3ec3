import { fileURLToPath } from "node:url";

const { REDROOM_TESTED } = process.env;
/** Whether tests see what was built, where they start processes or compile programs. */
export const isBuilt = REDROOM_TESTED === "built";

/** Options for a Node that runs TypeScript: it finds our packages as sources, or as built. */
export const NODE_OPTIONS: readonly string[] = isBuilt
  ? ["--import", "tsx"]
  : ["--conditions=@redroom/source", "--import", "tsx"];

/**
 * How to start a command of ours: what was built, where vitest runs with `--mode built`, as `npm test` does; else its sources,
 * which takes each process a second longer and needs no build.
 */
export function commandOf(workspace: "packages/server-kit" | "examples/cli" | "examples/bot"): string[] {
  const file = isBuilt ? "dist/main.js" : "src/main.ts";
  const main = fileURLToPath(new URL(`../${workspace}/${file}`, import.meta.url));
  return [process.execPath, ...(isBuilt ? [] : NODE_OPTIONS), main];
}
