import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { makeCertificate } from "../../src/testing/test-certificate.ts";
import { UdpRelay } from "../../src/testing.ts";
import type { Connection, Transport } from "../../src/transport.ts";
import { quicTransport } from "../../src/transport.ts";
import { hasToken } from "./client-packets.ts";

const tls = makeCertificate();
const ignore = () => {};
/** quiche has a clock of its own. A process that stands still for so long loses its connections. */
const idleTimeoutMs = 2_000;

async function listening(transport: Transport, host = "127.0.0.1") {
  let accept: (connection: Connection) => void = ignore;
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  return { listener: await transport.listen({ host }, (connection) => accept(connection)), accepted };
}

describe("the options of quicTransport", () => {
  it.each([
    { maxStreams: 0 },
    { idleTimeoutMs: 1.5 },
    { maxConnections: Number.NaN },
    { alpn: "" },
    { ca: "nonsense" },
    { keepAliveMs: 30_000 },
  ])("refuses %j, naming the option", (options) => {
    const [name = ""] = Object.keys(options);
    expect(() => quicTransport(options)).toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID", message: expect.stringContaining(name) }),
    );
  });
});

describe("a QUIC connection", () => {
  it("is refused clearly when the other side speaks another protocol", async () => {
    const listener = await quicTransport({ tls, alpn: "chat/2" }).listen({}, ignore);
    await expect(quicTransport().connect(listener.address)).rejects.toMatchObject({ code: "VERSION_UNSUPPORTED" });
    await listener.close();
  });

  it("times out when nobody answers", async () => {
    const listener = await quicTransport({ tls }).listen({}, ignore);
    const relay = await UdpRelay.to(listener.address);
    relay.partition();
    await expect(quicTransport().connect(relay.address, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "TIMEOUT",
      retryable: true,
    });
    await relay.close();
    await listener.close();
  });

  it("does not find a name that does not exist", async () => {
    const address = { host: "nowhere.invalid", port: 4433, pin: tls.pin };
    await expect(quicTransport().connect(address)).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  it("is lost on both sides when the network swallows everything", async () => {
    const transport = quicTransport({ tls, idleTimeoutMs });
    const { listener, accepted } = await listening(transport);
    const relay = await UdpRelay.to(listener.address);
    const connection = await transport.connect(relay.address);
    const other = await accepted;
    relay.partition();
    for (const end of [await connection.closed, await other.closed]) {
      expect(end).toMatchObject({ by: "lost", code: 0, error: { code: "CONNECTION_LOST", retryable: true } });
    }
    await relay.close();
    await listener.close();
  });

  it("is lost, and no breach of the protocol, when the server closes before it knows of the end of the handshake", async () => {
    const listener = await quicTransport({ tls }).listen({}, ignore);
    const relay = await UdpRelay.to(listener.address);
    let answered = false;
    // Up to the packet with the token: what the server is not told is that the client is ready.
    relay.filter = (datagram, way) => {
      const passes = way === "toClient" || !answered;
      answered ||= way === "toServer" && hasToken(datagram);
      return passes;
    };
    const connection = await quicTransport().connect(relay.address);
    await listener.close();
    expect(await connection.closed).toMatchObject({ error: { code: "CONNECTION_LOST", retryable: true } });
    await relay.close();
  });

  it("is lost on both sides when the client's address changes, instead of going on without what was under way", async () => {
    const options = { tls, idleTimeoutMs, keepAliveMs: 200 };
    const { listener, accepted } = await listening(quicTransport(options));
    const relay = await UdpRelay.to(listener.address);
    const connection = await quicTransport(options).connect(relay.address);
    const other = await accepted;
    await relay.changeSourcePorts();
    for (const end of [await connection.closed, await other.closed]) {
      expect(end).toMatchObject({ by: "lost", error: { code: "CONNECTION_LOST", retryable: true } });
    }
    await relay.close();
    await listener.close();
  });

  it("lives on without traffic when it is kept alive", async () => {
    const listener = await quicTransport({ tls, idleTimeoutMs }).listen({}, ignore);
    const relay = await UdpRelay.to(listener.address);
    const connection = await quicTransport({ idleTimeoutMs, keepAliveMs: 100 }).connect(relay.address);
    let ended = false;
    void connection.closed.then(() => {
      ended = true;
    });
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      relay.filter = (_datagram, way) => {
        if (way === "toClient" && performance.now() - startedAt > 1.5 * idleTimeoutMs) resolve();
        return true;
      };
    });
    expect(ended).toBe(false);
    connection.close();
    await relay.close();
    await listener.close();
  });

  it("works over IPv6 and over both families at a time", async () => {
    for (const [host, dialed] of [
      ["::1", "::1"],
      ["::", "127.0.0.1"],
    ] as const) {
      const { listener, accepted } = await listening(quicTransport({ tls }), host);
      const connection = await quicTransport().connect({ ...listener.address, host: dialed });
      expect((await accepted).remoteAddress).toContain(dialed);
      connection.close();
      await listener.close();
    }
  });

  it("writes its secrets where a key log is asked for, one file per connection", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redroom-keys-"));
    const listener = await quicTransport({ tls }).listen({}, ignore);
    const connection = await quicTransport({ keyLogFolder: folder }).connect(listener.address);
    connection.close();
    await connection.closed;
    await listener.close();
    const [file = ""] = readdirSync(folder);
    expect(readFileSync(join(folder, file), "latin1")).toContain("CLIENT_TRAFFIC_SECRET_0");
    rmSync(folder, { recursive: true });
  });

  it("shows neither names nor content to those on the way", async () => {
    const listener = await quicTransport({ tls }).listen({}, (connection) => {
      connection.onStream = (stream) => {
        stream.handler = {
          onData: (bytes) => void stream.write(bytes),
          onEnd: () => stream.end(),
          onReset: ignore,
          onDrain: ignore,
        };
      };
    });
    const relay = await UdpRelay.to(listener.address);
    const seen: Buffer[] = [];
    relay.filter = (datagram) => seen.push(Buffer.from(datagram)) > 0;
    const connection = await quicTransport().connect({ ...relay.address, host: "localhost" });
    const stream = connection.openStream();
    await new Promise<void>((resolve) => {
      stream.handler = { onData: ignore, onEnd: resolve, onReset: ignore, onDrain: ignore };
      stream.write(Buffer.from("a marker in the content"));
      stream.end();
    });
    const wire = Buffer.concat(seen).toString("latin1");
    for (const word of ["marker", "localhost", "127.0.0.1", "Test Server"]) expect(wire).not.toContain(word);
    connection.close();
    await relay.close();
    await listener.close();
  });
});

describe("a process", () => {
  const run = promisify(execFile);
  const door = new URL("../../src/transport.ts", import.meta.url).href;
  const node = (code: string) =>
    run(process.execPath, ["--conditions=@redroom/source", "--import", "tsx", "--input-type=module", "-e", code]);

  it("imports the transport on every platform, and gets a clear error with its first use", async () => {
    const { stdout } = await node(`
      Object.defineProperty(process, "platform", { value: "sunos" });
      const { quicTransport } = await import(${JSON.stringify(door)});
      const transport = quicTransport();
      const pin = new Uint8Array(32);
      await transport.connect({ host: "127.0.0.1", port: 1, pin }).catch(({ code, message }) => console.log(code, message));
    `);
    expect(stdout).toMatch(/^PLATFORM_UNSUPPORTED .*sunos-/);
  });

  it("exits by itself once everything is closed", async () => {
    const { stdout } = await node(`
      const { quicTransport } = await import(${JSON.stringify(door)});
      const transport = quicTransport({ tls: ${JSON.stringify(tls)} });
      const listener = await transport.listen({}, () => {});
      const connection = await transport.connect(listener.address);
      await listener.close(7, "over");
      console.log(JSON.stringify(await connection.closed));
    `);
    expect(JSON.parse(stdout)).toMatchObject({ by: "peer", code: 7, reason: "over" });
  });
});
