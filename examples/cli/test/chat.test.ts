import { constants } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AtTerminal, redroom } from "./processes.ts";
import { as, OTHER_TOPIC, passwordOf, TestServer, TOPIC } from "./server.ts";
import type { VirtualScreen } from "./virtual-screen.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Somebody who has joined the conversation. */
async function join(
  name: string,
  { topic = TOPIC, ...size }: { topic?: string; rows?: number; columns?: number } = {},
) {
  const args = ["chat", server.address, "--user", name, "--topic", topic, "--lang", "en"];
  const person = new AtTerminal(args, { ...as(name), ...size });
  await person.sees(({ lines }) => lines.includes(">"));
  return person;
}

describe("redroom chat", () => {
  it("shows each the other's message within a second, with the half-typed line intact", async () => {
    await using anna = await join("anna", { columns: 40, rows: 20 });
    await using bernd = await join("bernd");
    const annasLine = "Die Rückstellungen 😀 世界 שלום sind höher, als wir dachten, und zwar um 3 €";
    anna.type(annasLine);
    bernd.type("half of bernd's line");
    await bernd.sees("> half of bernd's line");
    await anna.sees("zwar um 3 €");
    anna.type("\x1b[D".repeat("zwar um 3 €".length)); // back into the words
    const beforeCursor = ({ lines, cursor }: VirtualScreen) => lines[cursor.row]?.slice(0, cursor.column);
    await anna.sees((screen) => beforeCursor(screen)?.endsWith("dachten, und ") === true);
    const typed = () => {
      const { lines, cursor } = anna.screen;
      return {
        rows: lines.slice(lines.findIndex((row) => row.startsWith("> "))).filter(Boolean),
        column: cursor.column,
      };
    };
    const before = typed();
    expect(before.rows.join(" ")).toBe(`> ${annasLine}`); // it breaks at a space here

    const tookAnna: number[] = [];
    for (const line of ["half of bernd's line", "his second one", "his third one"]) {
      bernd.type(line.startsWith("half") ? "\r" : `${line}\r`);
      const arrived = ({ text }: VirtualScreen) => text.includes(`bernd: ${line}`);
      tookAnna.push(await anna.sees((screen) => arrived(screen) && isDeepStrictEqual(typed(), before)));
    }
    // A machine that is busy with something else may hold up one of them.
    expect(Math.min(...tookAnna)).toBeLessThan(1000);

    bernd.type("another half");
    await bernd.sees("> another half");
    anna.type("so ");
    const tookBernd: number[] = [];
    for (const line of ["dachten, und so zwar um 3 €", "her second one", "her third one"]) {
      anna.type(line.startsWith("dachten") ? "\r" : `${line}\r`);
      const arrived = ({ text }: VirtualScreen) => text.replaceAll("\n", "").includes(line);
      const intact = ({ lines, cursor }: VirtualScreen) =>
        lines[cursor.row] === "> another half" && cursor.column === 14;
      tookBernd.push(await bernd.sees((screen) => arrived(screen) && intact(screen)));
    }
    expect(Math.min(...tookBernd)).toBeLessThan(1000);
    await anna.sees(/✓ #\d+/);
  });

  it("tells unsent and sent messages from stored ones", async () => {
    await using anna = await join("anna", { topic: OTHER_TOPIC });
    server.process.child.kill("SIGSTOP");
    try {
      anna.type("Wie hoch?\r");
      await anna.sees("  [sent] Wie hoch?");
      expect(anna.screen.text).not.toContain("✓");
      // more than the network takes without an answer
      for (let number = 0; number < 20; number += 1) anna.type(`${"z".repeat(60_000)}\r`);
      await anna.sees("… 16 earlier");
      await anna.sees("  [unsent] zzz");
    } finally {
      server.process.child.kill("SIGCONT");
    }
    // Lines of the record; the line below them, which tells who has the newest message, has ticks too.
    await anna.sees(() => anna.stdout.match(/✓ [^#]*#\d+ \d\d:\d\d/g)?.length === 21);
    await anna.sees(({ text }) => !/\[(un)?sent\]/.test(text));
  });

  it("shows the last 20 messages at the start, and texts of others uninterpreted", async () => {
    const sending = redroom(["send", server.address, "--user", "carla", "--topic", OTHER_TOPIC], as("carla"));
    const texts = Array.from({ length: 25 }, (_, number) => `old ${number}.`);
    sending.child.stdin?.end([...texts, "\x1b[2J\x1b]0;hi\x07\u202egnp", ""].join("\n"));
    expect(await sending.exit).toBe(0);
    await using anna = await join("anna", { topic: OTHER_TOPIC, rows: 40 });
    await anna.sees("␛[2J␛]0;hi␇⟨RLO⟩gnp");
    expect(anna.screen.text).toContain("old 6.");
    expect(anna.screen.text).not.toContain("old 5.");
  });

  it("asks for the password without echo and for the topic, and leaves politely", async () => {
    await using anna = new AtTerminal(["chat", server.address, "--user", "anna", "--lang", "de"]);
    await anna.sees("Passwort:");
    anna.type(`${passwordOf("anna")}x\x7f\r`);
    await anna.sees("Welches Thema (1 bis 2)?");
    expect(anna.stdout).not.toContain("ihr");
    anna.type("7\r");
    await anna.sees("Bitte eine Zahl von 1 bis 2 eingeben.");
    anna.type("2\r");
    await anna.sees(`${TOPIC} – Sie sind anna (Superuser).`);
    anna.type("/help\r/nope\r//slash\r");
    await anna.sees("/withdraw NUMMER [GRUND] – eine eigene offene Frage zurücknehmen");
    await anna.sees("Den Befehl /nope gibt es nicht.");
    await anna.sees("anna: /slash");
    anna.type("/quit\r");
    expect(await anna.exit).toBe(0);
    expect(anna.screen.text).toContain("Sie haben das Gespräch verlassen.");
  });

  it.each([
    ["Ctrl-C", "\x03"],
    ["Ctrl-D", "\x04"],
  ])("leaves on %s once what was sent is stored", async (_, key) => {
    await using anna = await join("anna");
    anna.type(`goodbye with ${key.charCodeAt(0)}\r${key}`);
    expect(await anna.exit).toBe(0);
    expect(anna.screen.text).toMatch(new RegExp(`✓ #[0-9]+ .*goodbye with ${key.charCodeAt(0)}`));
  });

  it("leaves when the window of the terminal is closed", async () => {
    await using anna = await join("anna");
    anna.type("stored before the end\r");
    await anna.sees("✓");
    anna.child.stdin?.end();
    expect(await anna.exit).toBe(128 + constants.signals.SIGHUP);
  });

  it("is right after a resize", async () => {
    await using anna = await join("anna", { columns: 80 });
    await using bernd = await join("bernd");
    anna.type("a line that needs two rows once it is narrow");
    await anna.sees("once it is narrow");
    anna.resize(12, 30);
    await anna.sees(({ lines }) => lines.includes("> a line that needs two rows"));
    bernd.type("resized\r");
    const rows = ["> a line that needs two rows", "once it is narrow"];
    const intact = ({ lines, cursor }: VirtualScreen) =>
      isDeepStrictEqual(lines.slice(cursor.row - 1, cursor.row + 1), rows);
    await anna.sees((screen) => screen.text.includes("bernd: resized") && intact(screen));
  });

  it("keeps a text that is too long for correction", async () => {
    await using anna = await join("anna", { rows: 10, columns: 40 });
    anna.type(`${"w".repeat(65_536)}!\r`);
    await anna.sees("the text is too long");
    anna.type("\x7f\r");
    await anna.sees("✓ #");
  });

  it("says when the connection is lost and back, and sends what was written meanwhile", async () => {
    await using other = await TestServer.start({ users: ["anna"], topics: [TOPIC] });
    const args = ["chat", other.address, "--user", "anna", "--topic", TOPIC, "--lang", "en"];
    await using anna = new AtTerminal(args, as("anna"));
    await anna.sees(({ lines }) => lines.includes(">"));
    other.process.child.kill("SIGTERM");
    await anna.sees("— connection lost; trying again …");
    anna.type("written meanwhile\r");
    await anna.sees("  [unsent] written meanwhile");
    await other.restart();
    await anna.sees("— connected again —", 40_000);
    await anna.sees(/✓ #[0-9]+ .*written meanwhile/);
    other.process.child.kill("SIGTERM");
    await anna.sees(({ text }) => text.match(/connection lost/g)?.length === 2);
    anna.type("never sent\r/quit\r");
    expect(await anna.exit).toBe(9);
    expect(anna.screen.text).toContain("it is not certain that your last messages were stored: 1");
  });

  it("shows whom the newest message has reached", async () => {
    await using anna = await join("anna", { topic: OTHER_TOPIC });
    await using bernd = await join("bernd", { topic: OTHER_TOPIC });
    anna.type("to all of you\r");
    await bernd.sees("anna: to all of you");
    await anna.sees(/✓✓? #[0-9]+ .*delivered to .*bernd/);
  });
});
