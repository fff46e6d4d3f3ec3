import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Address } from "../../src/protocol/address.ts";
import { makeCertificate, type TestCertificate } from "../../src/testing/test-certificate.ts";
import { type Connection, type ConnectionEnd, type Listener, quicTransport } from "../../src/transport.ts";

const DAY_MS = 86_400_000;
const authority = makeCertificate({ authority: true, names: [] });
const closing: Listener[] = [];

/** A server with this certificate; its clock is set to when the certificate is valid. */
async function serve(tls: TestCertificate, nowMs = Date.now()) {
  const clock = { now: () => nowMs, monotonic: () => nowMs, setTimer: () => ({ cancel: () => {} }) };
  const taken: Connection[] = [];
  const listener = await quicTransport({ tls, clock }).listen({}, (connection) => taken.push(connection));
  closing.push(listener);
  const { pin: _, ...withoutPin } = listener.address;
  return { address: listener.address, withoutPin, taken };
}

async function connects(address: Address, options: { ca?: string; serverName?: string } = {}): Promise<void> {
  const connection = await quicTransport(options).connect(address);
  connection.close();
  await connection.closed;
}

afterEach(async () => {
  await Promise.all(closing.splice(0).map((listener) => listener.close()));
});

describe("a client with a pin", () => {
  it("connects to the server whose key it names", async () => {
    const tls = makeCertificate({ names: ["somewhere.else"] });
    const { address } = await serve(tls);
    expect(address.pin).toEqual(tls.pin);
    await connects(address);
  });

  it("refuses another key, and the server's application never sees it", async () => {
    const { address, taken } = await serve(makeCertificate());
    const wrong = { ...address, pin: makeCertificate().pin };
    await expect(quicTransport().connect(wrong)).rejects.toMatchObject({ code: "PIN_MISMATCH" });
    await connects(address);
    // Where the handshake's end and the refusal are read in two turns, the server learns of it by the code.
    const ends: ConnectionEnd[] = await Promise.all(taken.map(({ closed }) => closed));
    expect(ends.filter(({ code }) => code !== 0 && code !== 298)).toEqual([]);
  });

  it("refuses a certificate that has expired or is not yet valid, saying when", async () => {
    const past = Date.now() - 10 * DAY_MS;
    const expired = makeCertificate({ notBefore: new Date(past - DAY_MS), notAfter: new Date(past + DAY_MS) });
    const old = await serve(expired, past);
    await expect(quicTransport().connect(old.address)).rejects.toMatchObject({
      code: "CERTIFICATE_EXPIRED",
      message: expect.stringContaining(new Date(past + DAY_MS).toISOString().slice(0, 10)),
    });
    const future = Date.now() + 10 * DAY_MS;
    const early = makeCertificate({ notBefore: new Date(future), notAfter: new Date(future + DAY_MS) });
    const soon = await serve(early, future + 1000);
    await expect(quicTransport().connect(soon.address)).rejects.toMatchObject({
      code: "CERTIFICATE_EXPIRED",
      message: expect.stringContaining("valid only from"),
    });
  });

  it("wants pin and chain where both are given", async () => {
    const { address } = await serve(makeCertificate({ issuer: authority }));
    await connects(address, { ca: authority.certificate });
    const wrongPin = { ...address, pin: new Uint8Array(32) };
    const other = makeCertificate({ authority: true }).certificate;
    await expect(connects(wrongPin, { ca: authority.certificate })).rejects.toMatchObject({ code: "PIN_MISMATCH" });
    await expect(connects(address, { ca: other })).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
  });
});

describe("a client with an authority", () => {
  it("connects by IP address and by name, also over an intermediate", async () => {
    const between = makeCertificate({ authority: true, names: [], issuer: authority });
    const { withoutPin } = await serve(makeCertificate({ issuer: between }));
    await connects(withoutPin, { ca: authority.certificate });
    await connects({ ...withoutPin, host: "localhost" }, { ca: authority.certificate });
  });

  it("refuses another authority's certificate, and says so to the server", async () => {
    const { withoutPin } = await serve(makeCertificate({ issuer: makeCertificate({ authority: true }) }));
    await expect(connects(withoutPin, { ca: authority.certificate })).rejects.toMatchObject({
      code: "CERTIFICATE_INVALID",
    });
  });

  it("refuses a certificate for another name", async () => {
    const { withoutPin } = await serve(makeCertificate({ issuer: authority, names: ["room.example"] }));
    await expect(connects(withoutPin, { ca: authority.certificate })).rejects.toMatchObject({
      code: "CERTIFICATE_INVALID",
      message: expect.stringContaining("room.example"),
    });
    await connects(withoutPin, { ca: authority.certificate, serverName: "room.example" });
  });

  it("refuses one that has expired or is not yet valid", async () => {
    const past = Date.now() - 10 * DAY_MS;
    const expired = makeCertificate({
      issuer: authority,
      notBefore: new Date(past - DAY_MS),
      notAfter: new Date(past + DAY_MS),
    });
    const old = await serve(expired, past);
    await expect(connects(old.withoutPin, { ca: authority.certificate })).rejects.toMatchObject({
      code: "CERTIFICATE_EXPIRED",
    });
    const future = Date.now() + 10 * DAY_MS;
    const early = makeCertificate({
      issuer: authority,
      notBefore: new Date(future),
      notAfter: new Date(future + DAY_MS),
    });
    const soon = await serve(early, future + 1000);
    await expect(connects(soon.withoutPin, { ca: authority.certificate })).rejects.toMatchObject({
      code: "CERTIFICATE_EXPIRED",
      message: expect.stringContaining("valid only from"),
    });
  });

  it("never asks the system's store, wherever that is", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redroom-ca-"));
    try {
      writeFileSync(join(folder, "ca.pem"), authority.certificate);
      vi.stubEnv("SSL_CERT_FILE", join(folder, "ca.pem"));
      vi.stubEnv("SSL_CERT_DIR", folder);
      const { withoutPin } = await serve(makeCertificate({ issuer: authority }));
      const other = makeCertificate({ authority: true }).certificate;
      await expect(connects(withoutPin, { ca: other })).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
      await expect(connects(withoutPin)).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a server", () => {
  const ignore = () => {};

  it("does not start with a certificate that has expired", async () => {
    const notAfter = new Date(Date.now() - DAY_MS);
    const tls = makeCertificate({ notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter });
    await expect(quicTransport({ tls }).listen({}, ignore)).rejects.toMatchObject({
      code: "CERTIFICATE_EXPIRED",
      message: expect.stringContaining(notAfter.toISOString().slice(0, 10)),
      remedy: expect.stringContaining("renew"),
    });
  });

  it("does not start with another certificate's key, or what is none", async () => {
    const { certificate, privateKey } = makeCertificate();
    for (const tls of [
      { certificate, privateKey: makeCertificate().privateKey },
      { certificate: "nonsense", privateKey },
      { certificate, privateKey: "nonsense" },
    ]) {
      await expect(quicTransport({ tls }).listen({}, ignore)).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
    }
    await expect(quicTransport().listen({}, ignore)).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
  });

  it("says so when an address is not its own", async () => {
    const transport = quicTransport({ tls: makeCertificate() });
    for (const host of ["192.0.2.1", "room.example"]) {
      await expect(transport.listen({ host }, ignore)).rejects.toMatchObject({ code: "ADDRESS_UNAVAILABLE" });
    }
  });
});
