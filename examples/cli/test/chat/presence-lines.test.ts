import { describe, expect, it } from "vitest";
import { PresenceLines } from "../../src/chat/presence-lines.ts";
import { textsIn } from "../../src/texts/texts.ts";

const since = new Date(2026, 0, 31);

describe("presence lines", () => {
  function watch() {
    const lines = new PresenceLines(() => "me", textsIn("en"));
    return (name: string, state: "online" | "away" | "offline") =>
      lines.changed({ id: name, name }, { state, since }) ?? "";
  }

  it("say nothing of who was there before us, nor of ourselves", () => {
    const tell = watch();
    const told = [tell("anna", "online"), tell("bernd", "away"), tell("me", "online")];
    expect(told).toEqual(["", "", ""]);
    expect(tell("anna", "offline")).toBe("anna has left");
  });

  it("tell who comes, is lost, comes back and leaves", () => {
    const tell = watch();
    tell("me", "online");
    const told = (["online", "away", "online", "offline", "online"] as const).map((state) => tell("bernd", state));
    expect(told).toEqual([
      "bernd is here",
      "bernd has lost the connection",
      "bernd is back",
      "bernd has left",
      "bernd is here",
    ]);
  });

  it("tell once of somebody who is lost for good", () => {
    const tell = watch();
    tell("me", "online");
    tell("bernd", "online");
    expect([tell("bernd", "away"), tell("bernd", "offline")]).toEqual(["bernd has lost the connection", ""]);
  });
});
