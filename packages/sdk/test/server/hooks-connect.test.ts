import type { Extension } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { openWorld } from "../world.ts";
import { gate, guestBook, hookWorld, never, pass, refusing } from "./hook-world.ts";
import { turns } from "./raw-client.ts";

describe("authenticate", () => {
  it("gets name, password and address, in a payload that it cannot change", async () => {
    const payloads: object[] = [];
    await using world = await hookWorld({
      authenticate(login) {
        payloads.push({ ...login });
        expect(Object.isFrozen(login)).toBe(true);
        return { id: "u", name: "Anna", admin: false };
      },
    });
    await (await world.dial()).login("anna", "geheim");
    expect(payloads).toEqual([
      {
        name: "anna",
        password: "geheim",
        remoteAddress: expect.stringMatching(/^[\d.]+:\d+$/),
        signal: expect.any(AbortSignal),
      },
    ]);
  });

  it("may be that of an extension, with its own `this`", async () => {
    class Directory implements Extension {
      readonly name = "directory";
      readonly #people = new Map([["anna", "u-17"]]);
      authenticate({ name }: { readonly name: string }) {
        return { id: this.#people.get(name) ?? refusing(), name, admin: false };
      }
    }
    await using world = await hookWorld({ authenticate: undefined as never, extensions: [new Directory()] });
    expect((await world.connect("anna")).session?.user.id).toBe("u-17");
    const stranger = await world.dial();
    stranger.control.send({ type: "login", name: "otto", password: "x" });
    expect(await stranger.control.next("error")).toMatchObject({
      code: "NOT_ALLOWED",
      message: expect.stringContaining("Sunday"),
    });
  });
});

describe("onConnect and onDisconnect", () => {
  it("hear of each connection once, also of one that goes on with a session", async () => {
    const book = guestBook();
    await using world = await hookWorld({ extensions: [book] });
    const first = await world.connect("anna");
    expect(book.lines).toEqual(["anna came"]);
    first.connection.close(9);
    await turns();
    expect(book.lines).toEqual(["anna came", "anna went"]);
    const second = await world.dial();
    await second.resume(first.session?.token ?? "");
    const third = await world.dial();
    await third.resume(second.session?.token ?? "");
    await turns();
    expect(book.lines.slice(2)).toEqual(["anna is back", "anna is back", "anna went"]);
    third.connection.close();
    await turns();
    expect(book.lines.slice(5)).toEqual(["anna went"]);
  });

  it("that refuses keeps somebody out at the login, and those who were asked before hear that it is over", async () => {
    const [before, behind] = [guestBook(), guestBook()];
    await using world = await hookWorld({ extensions: [before, { onConnect: refusing }, behind] });
    const client = await world.dial();
    client.control.send({ type: "login", name: "anna", password: "x" });
    expect(await client.control.next("error")).toMatchObject({ code: "NOT_ALLOWED" });
    await pass(world, 1_000);
    expect([before.lines, behind.lines]).toEqual([["anna came", "anna went"], []]);
  });

  it("that refuses keeps out who resumes, and leaves the session as it was", async () => {
    let sunday = false;
    const book = guestBook();
    await using world = await hookWorld({ extensions: [book, { onConnect: () => (sunday ? refusing() : undefined) }] });
    const first = await world.connect("anna");
    sunday = true;
    const second = await world.dial();
    second.control.send({ type: "resume", token: first.session?.token ?? "" });
    expect(await second.control.next("error")).toMatchObject({ code: "NOT_ALLOWED" });
    await first.ping(); // it was not taken over
    sunday = false;
    const third = await world.dial();
    expect(await third.resume(first.session?.token ?? "")).toMatchObject({ resumed: true });
    await pass(world, 1_000);
    third.connection.close();
    await turns();
    const [came, went] = ["came", "went"].map((what) => book.lines.filter((line) => line.endsWith(what)).length);
    expect([came, went, book.lines.length]).toEqual([1, 3, 6]);
  });

  it.each(["login", "resume"] as const)(
    "that hangs is told to come back at a %s, and holds up nobody else",
    async (how) => {
      let hangs: string | undefined = how === "login" ? "anna" : undefined;
      const book = guestBook();
      await using world = await hookWorld({
        extensions: [book, { name: "slow", onConnect: ({ user }) => (user.name === hangs ? never() : undefined) }],
      });
      const token = how === "resume" ? ((await world.connect("anna")).session?.token ?? "") : "";
      hangs = "anna";
      const client = await world.dial();
      if (how === "login") client.control.send({ type: "login", name: "anna", password: "x" });
      else client.control.send({ type: "resume", token });
      await pass(world, 4_999);
      await world.connect("bernd");
      expect(client.control.types()).not.toContain("error");
      await pass(world, 1);
      expect(await client.control.next("error")).toMatchObject({
        code: "TIMEOUT",
        retryable: true,
        retryAfterMs: 1_000,
      });
      expect(world.log).toContainEqual(
        expect.objectContaining({ level: "error", fields: expect.objectContaining({ hook: "onConnect of slow" }) }),
      );
      await pass(world, 1_000);
      expect(book.lines.filter((line) => line === "anna went")).toHaveLength(1);
    },
  );

  it("that is too late hears at once that it is over", async () => {
    const letIn = gate();
    const lines: string[] = [];
    const slow: Extension = {
      onConnect: async () => {
        await letIn.passed;
        lines.push("came");
      },
      onDisconnect: () => void lines.push("went"),
    };
    await using world = await hookWorld({ extensions: [slow] });
    const client = await world.dial();
    client.control.send({ type: "login", name: "anna", password: "x" });
    await pass(world, 5_000);
    expect(await client.control.next("error")).toMatchObject({ code: "TIMEOUT" });
    await pass(world, 10_000);
    expect(lines).toEqual([]);
    letIn.open();
    await turns();
    expect(lines).toEqual(["came", "went"]);
  });

  it("hears of the end when a client has gone before it was let in, and when its user was revoked meanwhile", async () => {
    let letIn = gate();
    const book = guestBook();
    await using world = await hookWorld({ extensions: [book, { onConnect: () => letIn.passed }] });
    const gone = await world.dial();
    gone.control.send({ type: "login", name: "anna", password: "x" });
    await turns();
    gone.connection.close();
    await turns();
    expect(book.lines).toEqual(["anna came", "anna went"]);
    letIn = gate();
    const revoked = await world.dial();
    revoked.control.send({ type: "login", name: "bernd", password: "x" });
    await turns();
    world.server.revoke("id of bernd");
    letIn.open();
    expect(await revoked.control.next("error")).toMatchObject({ code: "SESSION_REVOKED" });
    await pass(world, 1_000);
    expect(book.lines.slice(2)).toEqual(["bernd came", "bernd went"]);
  });

  it("may call the server: to revoke who comes in, to make a topic, to give roles", async () => {
    await using world = await hookWorld({
      async onConnect({ user }) {
        if (user.name === "anna") world.server.revoke(user.id);
        await world.server.createTopic(`Of ${user.name}`);
        await world.server.setRoles(`Of ${user.name}`, user, ["superuser"]);
      },
    });
    const anna = await world.dial();
    anna.control.send({ type: "login", name: "anna", password: "x" });
    expect(await anna.control.next("error")).toMatchObject({ code: "SESSION_REVOKED" });
    const bernd = await world.connect("bernd");
    expect((await bernd.openTopic("Of bernd", 1)).types()).toContain("topicOpened");
  });

  it("that throws at the end is logged, and nothing else comes of it", async () => {
    const book = guestBook();
    const throwing: Extension = {
      name: "throwing",
      onDisconnect: () => {
        throw new Error("no database");
      },
    };
    await using world = await hookWorld({ extensions: [throwing, book] });
    (await world.connect("anna")).connection.close();
    await turns();
    expect(book.lines).toEqual(["anna came", "anna went"]);
    expect(world.log).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ hook: "onDisconnect of throwing" }) }),
    );
  });
});

describe("close", () => {
  it("tells those who are connected that it is over, and waits for hooks no longer than they may take", async () => {
    const book = guestBook();
    const hanging: Extension = { name: "hanging", onDisconnect: never };
    const world = await hookWorld({ extensions: [hanging, book] });
    await world.connect("anna");
    const waiting = await world.dial();
    let closed = false;
    const closing = world.server.close({ drainMs: 0 }).then(() => {
      closed = true;
    });
    await pass(world, 1_000);
    await pass(world, 3_999);
    expect(book.lines).toEqual(["anna came", "anna went"]);
    expect(closed).toBe(false);
    await pass(world, 5_000);
    await closing;
    waiting.connection.close();
    await turns();
    expect(world.clock.pending).toBe(0);
  });

  it("tells those who are connected over UDP that it is over", async () => {
    const book = guestBook();
    const authenticate = ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
    await using world = await openWorld("real", { authenticate, users: [], extensions: [book] });
    await world.connect("anna");
    await world.server.close({ drainMs: 200 });
    expect(book.lines).toEqual(["anna came", "anna went"]);
  });

  it("does not wait for a login that an application holds up", async () => {
    const world = await hookWorld({ hookTimeoutMs: 10_000, onConnect: never });
    const client = await world.dial();
    client.control.send({ type: "login", name: "anna", password: "x" });
    await turns();
    const closing = world.server.close({ drainMs: 400 });
    await pass(world, 400);
    await closing;
    expect(world.clock.pending).toBe(0);
  });
});
