import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";

const SIGNALS = new URL("../src/stop-signals.ts", import.meta.url).href;

/** Says what it got, and would then never end. */
const PROGRAM = `
  import { listenForStop } from "${SIGNALS}";
  setInterval(() => {}, 1_000_000);
  const stop = listenForStop();
  console.log("ready");
  console.log(await stop.signal);
`;

describe.skipIf(process.platform === "win32")("listenForStop", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("leaves the first %s to the program, and ends it at the second", async (signal, code) => {
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", PROGRAM], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = child.stdout.setEncoding("utf8");
    expect(String((await once(lines, "data"))[0])).toBe("ready\n");

    child.kill(signal);
    expect(String((await once(lines, "data"))[0])).toBe(`${signal}\n`);
    child.kill(signal);

    expect(await once(child, "close")).toEqual([code, null]);
  });
});
