import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAddress } from "@redroom/sdk/protocol";
import { describe, expect, it } from "vitest";
import { createCertificate } from "../src/certificate.ts";
import { startServer, temporaryFolder } from "./command.ts";
import { runHere } from "./run-here.ts";

const DAY_MS = 24 * 3_600_000;

/** Made with openssl; its key is gone. */
const FROM_AN_AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBLDCB0wIUdy2mx8kgKBYHgceAmu93SZz3PDIwCgYIKoZIzj0EAwIwGTEXMBUG
A1UEAwwOVGVzdCBBdXRob3JpdHkwIBcNMjYxMTIyMTk1MDI5WhgPMjEyNjEwMjkx
OTUwMjlaMBcxFTATBgNVBAMMDHJvb20uZXhhbXBsZTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABG8AcPzYOrA8tBzcbCw8dJUe9eyn2Qsi0rsuNPIE+PqmeYArivsX
DOt1NYfxb2WEHw6pjA2snlAU59fXlYPwCUUwCgYIKoZIzj0EAwIDSAAwRQIhAO3B
YkHA7+zrsCiYlf7LnlaLRmWRRBSbG6U3TwmIxCMSAiA3H3KkU8M6hpTbMps4TOFd
LoWiFhVmHqcCsgZLA7LU3w==
-----END CERTIFICATE-----
`;

describe("createCertificate", () => {
  it("signs itself, for its key, for ten years, and tells nothing of its owner", () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    const made = createCertificate(undefined, now);
    const certificate = new X509Certificate(made.certificate);

    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(Date.parse(certificate.validFrom)).toBe(now - DAY_MS);
    expect(Date.parse(certificate.validTo)).toBe(made.expiresAt);
    expect(new Date(made.expiresAt).getUTCFullYear()).toBe(2036);
    expect([certificate.subject, certificate.issuer, certificate.subjectAltName]).toEqual([
      "CN=server",
      "CN=server",
      undefined,
    ]);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    const spki = certificate.publicKey.export({ type: "spki", format: "der" });
    expect(made.pin).toEqual(new Uint8Array(createHash("sha256").update(spki).digest()));
  });

  it("writes years from 2050 on as they are", () => {
    const made = createCertificate(undefined, Date.parse("2045-01-01T00:00:00Z"));
    expect(new X509Certificate(made.certificate).validTo).toMatch(/^Jan {2}1 00:00:00 2055 GMT$/);
  });

  it("has a serial number of its own each time", () => {
    const numbers = Array.from({ length: 50 }, () => new X509Certificate(createCertificate().certificate).serialNumber);
    expect(new Set(numbers).size).toBe(50);
    for (const number of numbers) expect(number).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it("keeps the pin when it is made again for the same key", () => {
    const { privateKey, pin } = createCertificate();
    expect(createCertificate(privateKey).pin).toEqual(pin);
  });

  it("refuses a key of another kind", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    expect(() => createCertificate(key)).toThrow(expect.objectContaining({ code: "CERTIFICATE_INVALID" }));
  });
});

describe("redroom-server certificate renew", () => {
  it("lets a server with an expired certificate start again, at the same address", async () => {
    await using home = await temporaryFolder();
    const { pin } = JSON.parse((await runHere("init", "--data", home.path, "--json")).stdout);
    const file = join(home.path, "certificate.pem");
    const key = await readFile(join(home.path, "private-key.pem"), "utf8");
    await writeFile(file, createCertificate(key, Date.parse("2010-01-01")).certificate);

    const renewed = await runHere("certificate", "renew", "--data", home.path);

    expect(renewed).toMatchObject({ code: 0, stderr: "" });
    expect(renewed.stdout).toContain("valid until 203");
    await using server = await startServer(home.path);
    expect(`sha256-${Buffer.from(parseAddress(server.address).pin ?? []).toString("base64url")}`).toBe(pin);
  });

  it("warns in the log 30 days before a certificate expires", async () => {
    await using home = await temporaryFolder();
    await runHere("init", "--data", home.path);
    const key = await readFile(join(home.path, "private-key.pem"), "utf8");
    const almostTenYearsAgo = Date.now() - (3_652 - 29) * DAY_MS;
    await writeFile(join(home.path, "certificate.pem"), createCertificate(key, almostTenYearsAgo).certificate);

    const server = await startServer(home.path);
    const { stderr } = await server.stop();

    expect(stderr).toMatch(/"level":"warn",[^\n]*"days":28,"msg":"the certificate expires soon/);
  });

  it("leaves a certificate alone that comes from an authority", async () => {
    await using home = await temporaryFolder();
    await runHere("init", "--data", home.path);
    const file = join(home.path, "certificate.pem");
    await writeFile(file, FROM_AN_AUTHORITY);

    const refused = await runHere("certificate", "renew", "--data", home.path);

    expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining("comes from an authority") });
    expect(await readFile(file, "utf8")).toBe(FROM_AN_AUTHORITY);
  });
});

describe("redroom-server address", () => {
  it("prints the address again", async () => {
    await using home = await temporaryFolder();
    const made = await runHere("init", "--data", home.path, "--host", "::", "--port", "4567", "--json");
    const { address, pin } = JSON.parse(made.stdout);

    expect(address).toBe(`redroom://[::1]:4567/#${pin}`);
    expect((await runHere("address", "--data", home.path)).stdout).toBe(`${address}\n`);
    expect(JSON.parse((await runHere("address", "--data", home.path, "--json")).stdout)).toEqual({ address, pin });
  });
});
