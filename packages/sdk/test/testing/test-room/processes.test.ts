import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** Runs a program until it ends by itself: it ends when nothing is left that keeps it alive. */
async function run(...args: readonly string[]) {
  const program = spawn(process.execPath, ["--conditions=@redroom/source", "--import", "tsx", ...args]);
  const [stdout, [code]] = await Promise.all([text(program.stdout), once(program, "exit")]);
  return { stdout, code };
}

it("a test room that somebody forgets to close keeps no process alive for ever, and says so", async () => {
  const { stdout, code } = await run(fileURLToPath(new URL("programs/forgotten.ts", import.meta.url)));
  expect(stdout).toMatch(/a test room is open, and nobody has used it for 50 ms: `await using` closes it/);
  expect(code).toBe(0);
});

it("a test room works with Node's own test runner, says there why a test has failed, and keeps no process alive", async () => {
  const file = fileURLToPath(new URL("programs/conversation.ts", import.meta.url));
  // With the runner's isolation, and in the process itself, which the runner does not end.
  for (const args of [["--test"], []]) {
    const { stdout, code } = await run(...args, "--test-reporter=tap", file);
    expect(stdout).toMatch(/# pass 2\n# fail 1\n/);
    expect(stdout).toMatch(/anna expected this, and it has not come: message "an answer"; within 5000 ms/);
    expect(stdout).toMatch(/#1 anna is interviewer/);
    expect(code).toBe(1);
  }
});
