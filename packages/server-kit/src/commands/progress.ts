import type { WriteStream } from "node:tty";

const WIDTH = 30;
const EVERY_MS = 100;

/** A bar on a terminal; nothing anywhere else. `clear` takes it away. */
export function showProgress(output: Pick<WriteStream, "isTTY" | "write">) {
  let shownAt = 0;
  return {
    show({ done, total }: { readonly done: number; readonly total: number }): void {
      if (!output.isTTY || Date.now() - shownAt < EVERY_MS) return;
      shownAt = Date.now();
      const part = Math.min(done / total, 1);
      const bar = "█".repeat(Math.round(part * WIDTH)).padEnd(WIDTH, "░");
      const [now, all] = [done, total].map((number) => number.toLocaleString("en"));
      output.write(`\r${bar} ${Math.floor(part * 100)} %  ${now} of ${all} entries`);
    },
    clear(): void {
      if (shownAt > 0) output.write("\r\u001b[K");
    },
  };
}
