// One person of the conversation: says their lines, each once everything before it has been heard, and reports on
// standard output. Arguments: ADDRESS NAME PACE_MS; the password is in REDROOM_PASSWORD.
import { setTimeout as pause } from "node:timers/promises";
import { RedRoomClient } from "@redroom/sdk";
import { type Line, lineKey, readConversation } from "./conversation.ts";
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
  /** What has been heard, and its number in the record. */
  const heard = new Map<string, number>();
  const saying: Promise<void>[] = [];
  let next = 0;
  let said = -1;

  const seqOf = (topic: string, place: number): number | undefined => {
    const line = lines.find((one) => one.topic === topic && one.seq === place);
    return line && heard.get(lineKey(line));
  };

  const say = async (line: Line, place: number): Promise<void> => {
    await pause(Number(paceMs));
    report({ event: "sending", line: place, clock: sharedClock() });
    const { topic, kind, text } = line;
    const re = line.re === undefined ? undefined : seqOf(topic, line.re);
    await client.topic(topic).send(text, { kind, ...(re !== undefined && { re }) });
    report({ event: "stored", line: place, clock: sharedClock() });
  };

  const goOn = (): void => {
    for (let line = lines[next]; line !== undefined && heard.has(lineKey(line)); line = lines[next]) next += 1;
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
    heard.set(lineKey({ topic: topic.title, text: message.text }), message.seq);
    goOn();
  });
  client.on("closed", (error) => error && fail(error));

  await Promise.all(topics.map((title) => client.topic(title).open({ from: "start" })));
  report({ event: "joined" });
  goOn();
}

play().catch(fail);
