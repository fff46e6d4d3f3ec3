import { describe, expect, it } from "vitest";
import { LoginQueue } from "../../src/server/login-queue.ts";

const here = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Checks that end when the test says so, and the order in which they began. */
function checks(queue: LoginQueue) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  return {
    begun,
    ask: (name: string, address = "10.0.0.1", signal = here) =>
      queue.run(address, signal, () => {
        begun.push(name);
        return new Promise<string>((resolve) => ends.push(() => resolve(name)));
      }),
    async endNext() {
      ends.shift()?.();
      await turn();
    },
  };
}

describe("the queue of logins", () => {
  it("checks a few at a time, and all in the end", async () => {
    const { ask, begun, endNext } = checks(new LoginQueue({ concurrency: 2, maxWaiting: 10 }));
    const all = Promise.all(["a", "b", "c", "d"].map((name) => ask(name)));
    await turn();
    expect(begun).toEqual(["a", "b"]);
    for (let ended = 0; ended < 4; ended += 1) await endNext();
    expect(await all).toEqual(["a", "b", "c", "d"]);
  });

  it("takes turns between addresses, so that a flood from one delays itself most", async () => {
    const { ask, begun, endNext } = checks(new LoginQueue({ concurrency: 1, maxWaiting: 10 }));
    for (const name of ["flood 1", "flood 2", "flood 3"]) void ask(name, "10.0.0.66");
    void ask("anna", "10.0.0.1");
    for (let ended = 0; ended < 4; ended += 1) await endNext();
    expect(begun.indexOf("anna")).toBe(2);
  });

  it("refuses what is beyond its bound, and says when to come back", async () => {
    const { ask } = checks(new LoginQueue({ concurrency: 1, maxWaiting: 1 }));
    void ask("a");
    void ask("b");
    await expect(ask("c")).rejects.toMatchObject({ code: "TOO_MANY_REQUESTS", retryable: true, retryAfterMs: 5_000 });
  });

  it("checks nothing for a client that has gone, and passes its turn on", async () => {
    const { ask, begun, endNext } = checks(new LoginQueue({ concurrency: 1, maxWaiting: 10 }));
    const gone = new AbortController();
    void ask("a");
    const refused = expect(ask("b", "10.0.0.1", gone.signal)).rejects.toMatchObject({ code: "ABORTED" });
    void ask("c");
    gone.abort();
    await refused; // at once, whatever the others wait for
    await endNext();
    expect(begun).toEqual(["a", "c"]);
  });
});
