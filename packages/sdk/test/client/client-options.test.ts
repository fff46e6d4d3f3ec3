import { RedRoomClient, type RedRoomClientOptions } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { openRoom } from "./room.ts";

const auth = { name: "anna", password: "any password" };
const address = "redroom://127.0.0.1:4433";

describe("the options of a client", () => {
  it.each<[string, Partial<RedRoomClientOptions>]>([
    ["timeoutMs", { timeoutMs: Number.NaN }],
    ["timeoutMs", { timeoutMs: Number.POSITIVE_INFINITY }],
    ["heartbeatMs", { heartbeatMs: 0 }],
    ["minDelayMs", { reconnect: { minDelayMs: -1 } }],
    ["maxDelayMs", { reconnect: { maxDelayMs: Number.POSITIVE_INFINITY } }],
    ["maxMessages", { outbox: { maxMessages: Number.NaN } }],
    ["maxBytes", { outbox: { maxBytes: -1 } }],
  ])("are refused before anything is dialled: %s in %j", async (name, options) => {
    await expect(RedRoomClient.connect(address, { auth, ...options })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining(name),
    });
  });

  it("that are undefined have their defaults", async () => {
    await using room = await openRoom();
    const undefinedDelay = { minDelayMs: undefined } as unknown as { readonly minDelayMs: number };
    const anna = await room.connect("anna", { reconnect: undefinedDelay });
    room.network.refuse();
    room.network.cut();
    await room.until(() => anna.state === "offline");
    expect(anna.states.at(-1)?.retryInMs).toBe(100); // half of the default: the room's chance is 0.5
    room.network.heal();
  });

  it("may hear of every state from the beginning", async () => {
    await using room = await openRoom();
    const states: string[] = [];
    await room.connect("anna", { onState: ({ state }) => states.push(state) });
    expect(states).toEqual(["connecting", "authenticating", "online"]);
  });
});

describe("a wait that a server asks for", () => {
  it("is no longer than ten minutes, spread over ten more", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    await room.stop({ drainMs: 1_000, retryAfterMs: 2 ** 31 - 1 });
    await room.until(() => anna.state === "offline");
    const retryInMs = anna.states.at(-1)?.retryInMs ?? 0;
    expect(retryInMs).toBeGreaterThan(0);
    expect(retryInMs).toBeLessThanOrEqual(2 * 600_000);
    await room.start();
  });
});
