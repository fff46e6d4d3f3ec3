import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "../../..");
const PACKAGES = ["sdk", "server-kit"];

/** This project as it was at another commit, with today's dependencies, ready to run beside today's. */
export interface Earlier extends Disposable {
  /** The commit, short. */
  readonly name: string;
  /** Its `bench/src`. */
  readonly bench: URL;
}

/** Inside the checkout, so that everything but our own packages is found where it is installed. */
export function checkOutEarlier(commit: string): Earlier {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  const name = git("rev-parse", "--short", "--verify", `${commit}^{commit}`);
  const folder = mkdtempSync(join(ROOT, ".ready-earlier-"));
  git("worktree", "add", "--quiet", "--force", "--detach", folder, name);
  mkdirSync(join(folder, "node_modules/@redroom"), { recursive: true });
  for (const own of PACKAGES) {
    symlinkSync(join(folder, "packages", own), join(folder, "node_modules/@redroom", own), "junction");
  }
  return {
    name,
    bench: pathToFileURL(join(folder, "bench/src/")),
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      git("worktree", "prune");
    },
  };
}
