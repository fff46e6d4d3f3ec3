import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIZE = "48m";

export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
}

/** A file system of its own (tmpfs) that can be filled without harm. @returns `undefined` where only root could mount it. */
export function makeSmallDisk(): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), "redroom-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return {
    folder,
    async [Symbol.asyncDispose]() {
      execFileSync("umount", ["-l", folder], { stdio: "ignore" });
      rmSync(folder, { recursive: true });
    },
  };
}
