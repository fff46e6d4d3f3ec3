import { writeFile } from "node:fs/promises";
import { join as joined } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AtTerminal } from "./processes.ts";
import { as, passwordOf, redroomServer, TestServer } from "./server.ts";

const PARTY = ["interviewer", "interviewee"];
const DEAL = "Project Kestrel";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ topics: [] });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Somebody who has joined a topic. */
async function join(name: string, topic: string, { lang = "en", rows = 40, columns = 110 } = {}): Promise<AtTerminal> {
  const args = ["chat", server.address, "--user", name, "--topic", topic, "--lang", lang];
  const person = new AtTerminal(args, { ...as(name), rows, columns });
  await person.sees(({ lines }) => lines.includes(">"));
  return person;
}

describe("a regulated exchange in two terminals", () => {
  it("shows each side what the other has committed to, and both answers once both are given", async () => {
    await server.createTopic(DEAL, { anna: PARTY, bernd: PARTY }, { regulated: true });
    await using anna = await join("anna", DEAL);
    await using bernd = await join("bernd", DEAL);
    expect(anna.screen.text).toContain("Project Kestrel – you are anna (interviewer, interviewee).");
    expect(anna.screen.text).toContain("Regulated: you read an answer once you have answered");
    await anna.sees("— bernd is here —");

    anna.type("/ask @bernd !high due:2h How high are the provisions?\r");
    await bernd.sees(/#3 .* anna asks → bernd \(high, until .*\): How high are the provisions\?/);
    bernd.type("/ask @anna Who finances the deal?\r");
    await anna.sees(/#\d+ .* bernd asks → anna: Who finances the deal\?/);
    const question = /#(\d+) .* bernd asks/.exec(anna.screen.text)?.[1];

    bernd.type("/answer 3 Two million.\r");
    await anna.sees(/#\d+ .* bernd answers #3: sealed until you have answered what you were asked/);
    await anna.sees(/it can no longer be changed; commitment \S{40}/);
    await anna.sees(/Answer 1 question \(#\d+\) to read 1 answer \(#\d+\) from bernd\./);
    await bernd.sees(/anna has 1 question \(#\d+\) to answer before reading 1 answer \(#\d+\) of yours\./);
    expect(anna.stdout).not.toContain("Two million.");

    anna.type("/open\r");
    await anna.sees("For you to answer:");
    anna.type(`/answer ${question} A bank.\r`);
    await anna.sees(/answer #\d+ is open now/);
    await anna.sees("bernd answers #3 → anna: Two million.");
    await bernd.sees(`anna answers #${question} → bernd: A bank.`);
    // Bernd's own answer was there before hers.
    expect(bernd.screen.text.indexOf("Two million.")).toBeLessThan(bernd.screen.text.indexOf("A bank."));
    anna.type("/quit\r");
    await bernd.sees("— anna has left —");
  });

  it("says it in German where that is spoken", async () => {
    await server.createTopic("Projekt Falke", { anna: PARTY, bernd: PARTY }, { regulated: true });
    await using anna = await join("anna", "Projekt Falke", { lang: "de" });
    await using bernd = await join("bernd", "Projekt Falke", { lang: "de" });
    await anna.sees("— bernd ist da —");
    expect(anna.screen.text).toContain("Projekt Falke – Sie sind anna (Fragesteller, Befragter).");
    anna.type("/ask !hoch Wie hoch sind die Rückstellungen?\r");
    await bernd.sees("anna fragt (hoch): Wie hoch sind die Rückstellungen?");
    bernd.type("/ask Wer finanziert?\r");
    await anna.sees("bernd fragt: Wer finanziert?");
    bernd.type("/answer 3 Zwei Millionen.\r");
    await anna.sees("bernd antwortet auf #3: versiegelt, bis Sie beantwortet haben, was Sie gefragt wurden");
    await anna.sees(/Beantworten Sie 1 Frage \(#\d+\), um 1 Antwort \(#\d+\) von bernd zu lesen\./);
  });
});

describe("roles in the chat", () => {
  it("are told before anything is sent, with what is possible instead", async () => {
    await server.createTopic("Interview", { anna: ["interviewer"], bernd: ["interviewee"] });
    await using anna = await join("anna", "Interview");
    anna.type("/close 3 enough\r");
    await anna.sees("/close is not for you here: you are interviewer. You can use: /ask /correct /withdraw");
    anna.type("just a note\r");
    await anna.sees("A text without a command is a note, and notes are not for you here (interviewer).");
    await anna.sees(({ lines }) => lines.includes("> just a note")); // given back
    anna.type("\x15/ask\r");
    await anna.sees("/ask [@name …] [!high|!low] [due:2h] [re:NUMBER] TEXT – ask a question");
    expect(anna.stdout).not.toContain("✗");
  });

  it("are enforced by the server all the same: what it refuses is shown with its text", async () => {
    await server.createTopic("Removal", { anna: ["superuser"], bernd: ["superuser"] });
    await using anna = await join("anna", "Removal");
    anna.type("/withdraw 99\r");
    await anna.sees("✗ [not stored]");
    await redroomServer(["topic", "role", "Removal", "anna", "archivist", "--data", server.folder]);
    await anna.sees("— you are archivist from now on —");
    await redroomServer(["topic", "role", "Removal", "anna", "--data", server.folder]);
    await anna.sees(/The conversation cannot go on: you are not allowed to do this/);
  });

  it("decide what Tab offers: commands, people, and the questions that can be answered", async () => {
    await server.createTopic("Completion", { anna: ["interviewer"], bernd: ["interviewee"], carla: ["interviewee"] });
    await using anna = await join("anna", "Completion");
    await using bernd = await join("bernd", "Completion");
    anna.type("/as\t@be\tHow high?\r");
    await bernd.sees(/anna asks → bernd: How high\?/);
    await bernd.sees("/answer /open /help · Tab completes"); // the question is known
    bernd.type("/ans\t");
    await bernd.sees("/answer NUMBER TEXT – answer a question · #4");
    bernd.type("\t");
    await bernd.sees("> /answer 4");
    await bernd.sees("#4 anna asks → bernd: How high?");
    bernd.type("3 €\r");
    await anna.sees("bernd answers #4 → anna: 3 €");
  });

  it("show questions, people, deliveries and what is found", async () => {
    await server.createTopic("Overview", { anna: ["superuser"], bernd: ["superuser"] });
    await using anna = await join("anna", "Overview", { rows: 60 });
    await using bernd = await join("bernd", "Overview");
    anna.type("/ask @bernd Wie hoch sind die Rückstellungen?\r");
    await bernd.sees("anna asks → bernd");
    bernd.type("/answer 3 Zwei Millionen.\r");
    await anna.sees("bernd answers #3 → anna: Zwei Millionen.");
    anna.type("/correct 3 Wie hoch sind sie heute?\r");
    await anna.sees("anna corrects #3 → bernd: Wie hoch sind sie heute?");
    anna.type("/open\r/members\r/search rückstell\r/whoami\r");
    await anna.sees("No question is open.");
    await anna.sees("bernd  superuser  here");
    await anna.sees(/#3 \S+ \S+ anna asks → bernd: Wie hoch sind die Rückstellungen\?/);
    await anna.sees("You are anna: superuser. You may: ask, answer, write notes");
    await anna.sees(/✓✓ #\d+ delivered to bernd/);
    anna.type("/delivered 3\r");
    await anna.sees("#3 was delivered to bernd at ");
  });
});

describe("whom a text is for", () => {
  it("is said by the names in front of it, with a command or without, and never guessed", async () => {
    await server.createTopic("Between us", { anna: ["superuser"], bernd: ["superuser"], carla: ["superuser"] });
    await using anna = await join("anna", "Between us");
    anna.type("@bernd,@carla between us\r");
    await anna.sees(/✓ #\d+ \S+ anna → bernd, carla: between us/);
    anna.type("@ bernd not yet\r");
    await anna.sees("@ bernd not yet names nobody; write @name");
    await anna.sees(({ lines }) => lines.includes("> @ bernd not yet")); // given back
    expect(anna.stdout).not.toContain("✗");
  });
});

describe("somebody's own name", () => {
  it("is changed for all to see, and what they write is still theirs", async () => {
    await server.createTopic("Name", { anna: ["superuser"], carla: ["superuser"] });
    await using anna = await join("anna", "Name");
    await using carla = await join("carla", "Name");
    carla.type("/name\r");
    await carla.sees("/name NAME – change your name");
    carla.type("\x15/name Carla König\rI have married.\r");
    await carla.sees("You are Carla König now");
    await carla.sees(/✓ #\d+ \S+ Carla König: I have married\./);
    await anna.sees(/ {2}#\d+ \S+ Carla König: I have married\./);
    carla.type("/name carla\r");
    await carla.sees("You are carla now");
  });
});

describe("the topic", () => {
  it("is chosen by its title too, which Tab completes", async () => {
    await server.createTopic("Erster Entwurf", { bernd: ["superuser"] });
    await using bernd = new AtTerminal(["chat", server.address, "--user", "bernd", "--lang", "en"], as("bernd"));
    await bernd.sees("a number, or the title · Tab completes");
    bernd.type("ers\t");
    await bernd.sees(/\? Erster Entwurf/);
    bernd.type("\r");
    await bernd.sees("Erster Entwurf – you are bernd (superuser).");
  });
});

describe("a prepared message", () => {
  it("is chosen from a list, filled step by step, and sent once the person has seen it", async () => {
    await server.createTopic("Prepared", { anna: ["superuser"], bernd: ["superuser"] });
    const file = "## question: Provisions\nHow high are the provisions on {date}?\n\n## note\nThank you.\n";
    const path = joined(server.folder, "prepared.md");
    await writeFile(path, file);
    await redroomServer(["prepared", "import", path, "--topic", "Prepared", "--data", server.folder]);
    await using anna = await join("anna", "Prepared");
    anna.type("/prepared\r");
    await anna.sees("1  question  Provisions: How high are the provisions on {date}?");
    await anna.sees("Which one (1 to 2)?");
    anna.type("9\r1\r");
    await anna.sees("Please type a number from 1 to 2.");
    await anna.sees("date:");
    anna.type("3 March\r");
    await anna.sees("> /ask How high are the provisions on 3 March?");
    anna.type("\r");
    await anna.sees(/✓ #\d+ .* anna asks: How high are the provisions on 3 March\?/);
  });
});

describe("the password", () => {
  it("is changed without being shown, and is the one to log in with from then on", async () => {
    await server.createTopic("Password", { dora: ["superuser"] });
    await using dora = await join("dora", "Password");
    dora.type("/passwd\r");
    await dora.sees("Current password:");
    dora.type(`${passwordOf("dora")}\r`);
    await dora.sees("New password (at least 15 characters):");
    dora.type("a wholly new one for dora\r");
    await dora.sees("New password again:");
    dora.type("a wholly new one for dora\r");
    await dora.sees("Your password is changed");
    expect(dora.stdout).not.toContain("wholly");
    const args = ["chat", server.address, "--user", "dora", "--topic", "Password", "--lang", "en"];
    await using old = new AtTerminal(args, as("dora"));
    await old.exit;
    expect(old.stdout).toContain("name or password is wrong");
    await using again = new AtTerminal(args, { env: { REDROOM_PASSWORD: "a wholly new one for dora" } });
    await again.sees("you are dora");
  });
});

describe("what has to be consented to", () => {
  it("is shown first, and nothing else is there before a yes", async () => {
    await using other = await TestServer.start({ users: ["anna"], topics: ["Deal"] });
    await writeFile(joined(other.folder, "consent.md"), "We store what you write.\n");
    other.process.child.kill("SIGTERM");
    await other.restart();
    const args = ["chat", other.address, "--user", "anna", "--topic", "Deal", "--lang", "en"];
    await using refusing = new AtTerminal(args, as("anna"));
    await refusing.sees("We store what you write.");
    refusing.type("\r");
    expect(await refusing.exit).toBe(10);
    expect(refusing.stdout).not.toContain("Deal –");
    await using anna = new AtTerminal(args, as("anna"));
    await anna.sees("Type “yes” to consent");
    anna.type("yes\r");
    await anna.sees("Deal – you are anna (superuser).");
  });
});
