import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../../src/protocol/address.ts";
import { thrownBy } from "./thrown-by.ts";

const pin = Uint8Array.from({ length: 32 }, (_, index) => index);
const shownPin = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

describe("address", () => {
  it.each([
    [{ host: "127.0.0.1", port: 4433, pin }, `redroom://127.0.0.1:4433/#sha256-${shownPin}`],
    [{ host: "::1", port: 1, pin }, `redroom://[::1]:1/#sha256-${shownPin}`],
    [{ host: "::ffff:10.0.0.1", port: 65_535 }, "redroom://[::ffff:10.0.0.1]:65535/"],
    [{ host: "room.example.org", port: 443 }, "redroom://room.example.org:443/"],
  ])("formats and parses %o as %s", (address, text) => {
    expect(formatAddress(address)).toBe(text);
    expect(parseAddress(text)).toEqual(address);
  });

  it.each([
    ["redroom://room.example.org", { host: "room.example.org", port: 4433 }],
    ["redroom://room.example.org/", { host: "room.example.org", port: 4433 }],
    ["redroom://[2001:DB8::1]", { host: "2001:DB8::1", port: 4433 }],
    ["redroom://localhost:5000", { host: "localhost", port: 5000 }],
    ["redroom://localhost:5000/#", { host: "localhost", port: 5000 }],
    [`redroom://localhost#sha256-${shownPin}`, { host: "localhost", port: 4433, pin }],
  ])("also reads %s", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  const form = "not of the form redroom://HOST:PORT/#sha256-…";
  it.each([
    ["", form],
    ["localhost:4433", form],
    ["https://localhost:4433/", form],
    ["REDROOM://localhost/", form],
    ["redroom:localhost", form],
    ["redroom:///", form],
    ["redroom://:4433/", form],
    ["redroom://localhost:/", form],
    ["redroom://localhost:port/", form],
    ["redroom://localhost:-1/", form],
    ["redroom://localhost:443300/", form],
    ["redroom://localhost/room", form],
    ["redroom://localhost/?a=b", form],
    ["redroom://anna@localhost/", form],
    ["redroom://anna:secret@localhost/", form],
    ["redroom://::1/", form],
    ["redroom://::1:4433/", form],
    ["redroom://[localhost]/", form],
    ["redroom://[face]/", form],
    ["redroom://[]/", form],
    ["redroom://local host/", form],
    [" redroom://localhost/", form],
    ["redroom://localhost/\n", form],
    ["redroom://localhost:0/", "0 is not a port (1 to 65535)"],
    ["redroom://localhost:65536/", "65536 is not a port (1 to 65535)"],
    [`redroom://localhost/#${shownPin}`, "there must be sha256- and the pin"],
    [`redroom://localhost/#sha512-${shownPin}`, "there must be sha256- and the pin"],
    ["redroom://localhost/#sha256-", "not the 43 characters"],
    [`redroom://localhost/#sha256-${shownPin.slice(1)}`, "not the 43 characters"],
    [`redroom://localhost/#sha256-${shownPin}A`, "not the 43 characters"],
    [`redroom://localhost/#sha256-${shownPin}=`, "not the 43 characters"],
    [`redroom://localhost/#sha256-${shownPin.slice(0, -1)}9`, "not the 43 characters"],
    [`redroom://localhost/#sha256-+${shownPin.slice(1)}`, "not the 43 characters"],
  ])("refuses '%s'", (text, reason) => {
    expect(thrownBy(() => parseAddress(text))).toMatchObject({
      code: "ADDRESS_INVALID",
      message: expect.stringContaining(reason),
      remedy: expect.stringContaining("copy the whole line"),
    });
  });

  it("shows no more of a long wrong address than helps", () => {
    expect((thrownBy(() => parseAddress("x".repeat(100_000))) as Error).message.length).toBeLessThan(400);
  });
});
