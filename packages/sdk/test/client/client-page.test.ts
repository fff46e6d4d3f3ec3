import { readFileSync } from "node:fs";
import type { ClientEvents } from "@redroom/sdk";
import { describe, expect, it } from "vitest";

const page = readFileSync(new URL("../../../../docs/client.md", import.meta.url), "utf8");

/** The compiler sees to it that none is missing here. */
const EVENTS: Record<keyof ClientEvents, true> = {
  message: true,
  sealed: true,
  withheld: true,
  delivered: true,
  outgoing: true,
  member: true,
  presence: true,
  typing: true,
  rights: true,
  waiting: true,
  topicFailed: true,
  state: true,
  consentNeeded: true,
  account: true,
  closed: true,
};

describe("docs/client.md", () => {
  it("names every event, and no other", () => {
    const [, events = ""] = page.split("## Events");
    const named = [...events.matchAll(/^\| `([a-zA-Z]+)` \|/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(Object.keys(EVENTS).sort());
  });
});
