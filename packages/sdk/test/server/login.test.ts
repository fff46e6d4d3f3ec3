import { describe, expect, it } from "vitest";
import { type RawClient, turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

const never = () => new Promise<never>(() => {});

/** An application that never answers for whoever is called "hang". */
const hanging = (others: () => Promise<unknown> = async () => {}) =>
  serverWorld({
    authenticate: async ({ name }) => {
      await (name === "hang" ? never() : others());
      return { id: name, name, admin: false };
    },
  });

async function begin(client: RawClient, name: string): Promise<void> {
  await client.control.next("welcome");
  client.control.send({ type: "login", name, password: "any password" });
}

describe("the login of an application", () => {
  it("that hangs for some holds up no other", async () => {
    await using world = await hanging();
    for (let count = 0; count < 5; count += 1) await begin(await world.dial(), "hang");
    await world.connect("anna");
  });

  it("is refused for the moment when it takes 5 seconds, and the connection is closed", async () => {
    await using world = await hanging();
    const client = await world.dial();
    await begin(client, "hang");
    await turns();
    world.clock.advance(4_999);
    await turns();
    expect(client.control.types()).not.toContain("error");
    world.clock.advance(1);
    expect(await client.control.next("error")).toMatchObject({ code: "TIMEOUT", retryable: true });
    world.clock.advance(1_000);
    expect(await client.connection.closed).toMatchObject({ by: "peer", code: 3 });
  });

  it("leaves nothing behind for a client that goes while it is checked", async () => {
    await using world = await hanging();
    const before = world.clock.pending;
    const client = await world.dial();
    await begin(client, "hang");
    await turns();
    expect(world.clock.pending).toBeGreaterThan(before);
    client.connection.close();
    await turns();
    expect(world.clock.pending).toBe(before);
  });

  const anna = { id: "u", name: "anna", admin: false };
  it.each([
    [undefined, "it is undefined"],
    [null, "it is null"],
    [{ id: "u", name: "anna" }, "admin is undefined, not boolean"],
    [{ ...anna, admin: 1 }, "admin is number, not boolean"],
    [{ ...anna, id: 5 }, "id is number, not string"],
    [{ ...anna, name: null }, "name is object, not string"],
    [{ ...anna, name: "" }, "name has 0 bytes, not 1 to 1024"],
    [{ ...anna, name: "\ud800" }, "name has half of a character"],
    [{ ...anna, id: "server" }, 'the id "server" stands for the server itself'],
  ])("that answers %o is a fault of the server: the log says which", async (answer, reason) => {
    await using world = await serverWorld({ authenticate: async () => answer as typeof anna });
    const client = await world.dial();
    await begin(client, "anna");
    expect(await client.control.next("error")).toEqual({
      type: "error",
      code: "INTERNAL",
      message: "unable to serve; an internal error",
    });
    const { level, fields } = world.log.at(-1) ?? {};
    expect([level, (fields as { error: Error }).error.message]).toEqual(["error", expect.stringContaining(reason)]);
  });
});
