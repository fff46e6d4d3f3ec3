// One person of the conversation: says their lines, each once everything before it has been heard, and reports on
// standard output. Arguments: ADDRESS NAME PACE_MS; the password is in REDROOM_PASSWORD.
import { setTimeout as pause } from "node:timers/promises";
import { RedRoomClient } from "@redroom/sdk";
import { type Line, readConversation } from "./conversation.ts";
import { type Report, sharedClock } from "./report.ts";

const [address = "", name = "", paceMs = "0"] = process.argv.slice(2);
const { topics, lines } = readConversation();

function report(item: Report): void {
  console.log(JSON.stringify(item));
}

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

async function play(): Promise<void> {
  const { REDROOM_PASSWORD: password = "" } = process.env;
  const client = await RedRoomClient.connect(address, { auth: { name, password } });
  const heard = new Set<string>();
  const saying: Promise<void>[] = [];
  let next = 0;
  let said = -1;

  const key = ({ topic, seq }: Pick<Line, "topic" | "seq">): string => `${seq} ${topic}`;

  const say = async (line: Line, place: number): Promise<void> => {
    await pause(Number(paceMs));
    report({ event: "sending", line: place, clock: sharedClock() });
    const { kind, re } = line;
    await client.topic(line.topic).send(line.text, { kind, ...(re !== undefined && { re }) });
    report({ event: "stored", line: place, clock: sharedClock() });
  };

  const goOn = (): void => {
    for (let line = lines[next]; line !== undefined && heard.has(key(line)); line = lines[next]) next += 1;
    const line = lines[next];
    if (line === undefined) void Promise.all(saying).then(() => client.close());
    else if (line.by === name && said < next) {
      said = next;
      const sending = say(line, next);
      sending.catch(fail);
      saying.push(sending);
    }
  };

  client.on("message", ({ topic, message }) => {
    const { at, ...rest } = message;
    report({ event: "read", topic: topic.title, ...rest, at: at.toISOString(), clock: sharedClock() });
    heard.add(key({ topic: topic.title, seq: message.seq }));
    goOn();
  });
  client.on("closed", (error) => error && fail(error));

  await Promise.all(topics.map((title) => client.topic(title).open({ from: "start" })));
  report({ event: "joined" });
  goOn();
}

play().catch(fail);
