import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Running, redroom } from "./processes.ts";
import { as, passwordOf, redroomServer, TestServer } from "./server.ts";

const DEAL = "Project Kestrel";
const PARTY = ["interviewer", "interviewee"];

interface Line {
  readonly [key: string]: unknown;
  readonly seq: number;
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ topics: [] });
  await server.createTopic(DEAL, { anna: PARTY, bernd: PARTY, carla: ["legal"] }, { regulated: true });
});
afterAll(() => server[Symbol.asyncDispose]());

const run = (command: string, name: string, ...more: string[]): Running =>
  redroom([command, server.address, "--user", name, "--topic", DEAL, "--json", ...more], as(name));

/** What a command prints, once it has ended well. */
async function printed(command: string, name: string, ...more: string[]): Promise<Line[]> {
  const running = run(command, name, ...more);
  expect(await running.exit, running.stderr).toBe(0);
  return running.json<Line>();
}

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("a regulated exchange by scripts", () => {
  it("is asked, answered and waited for, one value a line", async () => {
    await using asking = run(
      "ask",
      "anna",
      "--to",
      "bernd",
      "--priority",
      "high",
      "--due",
      "2h",
      "--wait",
      "How",
      "high?",
    );
    await asking.firstLine();
    const [hers] = asking.json<Line>();
    expect(hers).toEqual({ seq: 4, id: expect.any(String), at: time, duplicate: false });
    const [his] = await printed("ask", "bernd", "--to", "anna", "--re", "4", "Who finances the deal?");
    const [answered] = await printed("answer", "bernd", "4", "Two", "million.");

    const questions = await printed("questions", "anna", "--state", "open", "--for", "me");
    const question = {
      kind: "question",
      author: "bernd",
      at: time,
      text: "Who finances the deal?",
      re: 4,
      to: ["anna"],
    };
    expect(questions).toEqual([{ seq: his?.seq, id: his?.["id"], ...question, asked: ["anna"], state: "open" }]);
    const [first] = await printed("questions", "anna", "--of", "anna");
    expect(first).toMatchObject({ seq: 4, priority: "high", due: time, state: "answered" });

    await using tail = run("tail", "anna", "--from", String(answered?.seq), "--limit", "1");
    await tail.firstLine();
    const [sealed] = tail.json<Line>();
    expect(sealed).toMatchObject({ seq: answered?.seq, kind: "answer", author: "bernd", re: 4, sealed: true });
    expect(sealed?.["commitment"]).toMatch(/^\S{43,44}$/);
    expect(sealed).not.toHaveProperty("text");
    expect(asking.json()).toHaveLength(1);

    await printed("answer", "anna", String(his?.seq), "A bank.");
    expect(await asking.exit, asking.stderr).toBe(0);
    expect(asking.json<Line>()[1]).toEqual({
      seq: answered?.seq,
      id: answered?.["id"],
      kind: "answer",
      author: "bernd",
      at: time,
      text: "Two million.",
      re: 4,
      to: ["anna"],
      revealedBy: expect.any(Number),
    });
  });

  it("is over without an answer when the question is withdrawn", async () => {
    await using asking = run("ask", "anna", "--wait", "--lang", "en", "And when?");
    await asking.firstLine();
    const [{ seq = 0 } = {}] = asking.json<Line>();
    await printed("send", "anna", "--kind", "withdrawal", "--re", String(seq), "Never mind.");
    expect(await asking.exit).toBe(15);
    expect(asking.stderr).toBe(`redroom: question #${seq} was withdrawn or closed before there was an answer\n`);
  });

  it("ends with 10 for who may not, in one clear line, and nothing is stored", async () => {
    const before = await printed("history", "carla");
    const asking = run("ask", "carla", "--lang", "en", "May I?");
    expect(await asking.exit).toBe(10);
    expect(asking.stderr).toMatch(/^redroom: you are not allowed to do this \(unable to ask; .*\)\n$/);
    const searching = run("search", "anna", "--lang", "en", "million");
    expect(await searching.exit).toBe(10);
    expect(await printed("history", "carla")).toEqual(before);
  });
});

describe("what scripts can ask about a topic", () => {
  it("is who belongs to it, and who is there", async () => {
    await using _there = run("tail", "bernd");
    const members = await printed("members", "anna");
    expect(members.map(({ name, roles }) => [name, roles])).toEqual([
      ["anna", ["interviewer", "interviewee"]],
      ["bernd", ["interviewer", "interviewee"]],
      ["carla", ["legal"]],
    ]);
    expect(members[0]).toMatchObject({ presence: "online", since: time });
    const presence = await printed("presence", "anna");
    expect(presence.map(({ name }) => name)).toEqual(["bernd", "carla"]);
  });

  it("is what was said, for those who may query it", async () => {
    await printed("ask", "anna", "--to", "bernd", "Wie hoch sind die Rückstellungen?");
    const found = await printed("search", "carla", "rückst", "--by", "anna", "--to", "bernd", "--kind", "question");
    expect(found).toMatchObject([{ author: "anna", text: "Wie hoch sind die Rückstellungen?", to: ["bernd"] }]);
    expect(await printed("search", "carla", "rückst", "--until", "2020-01-01")).toEqual([]);
    const [oldest, next] = await printed("search", "carla", "--kind", "question", "--oldest", "--limit", "2");
    expect([oldest?.seq, (next?.seq ?? 0) > 4]).toEqual([4, true]);
  });

  it("names those who have written nothing yet, and tells questions by their state", async () => {
    const [stored] = await printed("ask", "anna", "--to", "carla", "Ganz allein?");
    const question = { seq: stored?.seq, to: ["carla"] };
    expect(await printed("history", "carla", "--from", String(stored?.seq))).toMatchObject([question]);
    expect(await printed("search", "carla", "--state", "open", "ganz allein")).toMatchObject([question]);
    expect(await printed("search", "carla", "--state", "closed", "ganz allein")).toEqual([]);
  });

  it("is who they are, and what they may do", async () => {
    const capabilities = ["ask", "answer", "readAddressed"];
    expect(await printed("whoami", "anna")).toEqual([
      { name: "anna", admin: false, topic: DEAL, roles: ["interviewer", "interviewee"], capabilities },
    ]);
  });
});

describe("prepared messages in scripts", () => {
  it("are listed with their placeholders, and sent filled", async () => {
    const file = join(server.folder, "prepared.md");
    await writeFile(file, "## question: Provisions\nHow high are the provisions on {date}?\n");
    await redroomServer(["prepared", "import", file, "--data", server.folder]);
    const [one] = await printed("prepared", "anna");
    const text = "How high are the provisions on {date}?";
    const placeholders = ["date"];
    expect(one).toEqual({
      id: expect.any(String),
      kind: "question",
      title: "Provisions",
      text,
      placeholders,
      shared: true,
    });
    const [stored] = await printed("prepared", "anna", "--use", String(one?.["id"]), "--set", "date=3 March");
    const [asked] = await printed("questions", "anna", "--of", "me", "--state", "open").then((all) => all.slice(-1));
    expect(asked).toMatchObject({ seq: stored?.seq, text: "How high are the provisions on 3 March?" });
  });
});

describe("redroom passwd", () => {
  it("changes the password that it was logged in with", async () => {
    const env = { REDROOM_PASSWORD: passwordOf("dora"), REDROOM_NEW_PASSWORD: "a wholly new one for dora" };
    const changing = redroom(["passwd", server.address, "--user", "dora", "--json"], { env });
    expect(await changing.exit, changing.stderr).toBe(0);
    expect(changing.json()).toEqual([{ name: "dora", changed: true }]);
    const again = redroom(["whoami", server.address, "--user", "dora", "--lang", "en"], {
      env: { REDROOM_PASSWORD: env.REDROOM_NEW_PASSWORD },
    });
    expect(await again.exit).toBe(0);
    expect(again.stdout).toBe("You are dora.\n");
  });

  it("refuses a password that is too short, and says so", async () => {
    const env = { REDROOM_PASSWORD: passwordOf("carla"), REDROOM_NEW_PASSWORD: "short" };
    const changing = redroom(["passwd", server.address, "--user", "carla", "--lang", "en"], { env });
    expect(await changing.exit).toBe(2);
    expect(changing.stderr).toMatch(/^redroom: the server does not take this password \(.*15.*\)\n$/);
  });
});
