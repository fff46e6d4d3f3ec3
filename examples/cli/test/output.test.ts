import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { Output } from "../src/output.ts";

/** A reader that takes one line each time the test says so. */
function slowReader() {
  const taking: (() => void)[] = [];
  const stream = new Writable({ highWaterMark: 4, write: (_chunk, _encoding, done) => void taking.push(done) });
  return { stream, take: () => taking.shift()?.() };
}

const isWaiting = async (promise: Promise<unknown>): Promise<boolean> => {
  const later = new Promise((resolve) => setImmediate(resolve, "waiting"));
  return (await Promise.race([promise, later])) === "waiting";
};

describe("Output", () => {
  it("waits until a slow reader has taken the line", async () => {
    const { stream, take } = slowReader();
    const line = new Output(stream).line("a line");
    expect(await isWaiting(line)).toBe(true);
    take();
    await line;
  });

  it("goes on without the reader once that has gone", async () => {
    const { stream } = slowReader();
    const output = new Output(stream);
    const line = output.line("a line");
    stream.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await line;
    expect(output.gone).toBe(true);
    await output.line("another");
    await output.flush();
  });
});
