import type { MessageKind, RedRoomClient, Stored, Topic } from "@redroom/sdk";
import { type ConnectionOptions, connect } from "../connect.ts";
import { connectionLine } from "../connection-line.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { type InputLine, LineTooLong, splitLines } from "../lines.ts";
import { jsonLine, localTime } from "../message-line.ts";
import { SendWindow } from "../send-window.ts";
import { onSignal, type Signal } from "../signals.ts";
import type { TextKey, TextValues } from "../texts/texts.ts";

export interface SendCommandOptions extends ConnectionOptions {
  readonly topic: string;
  readonly kind?: MessageKind;
  readonly re?: number;
  readonly json?: boolean;
}

/** Sends one message, or each line of standard input as one. Returns once all are stored. */
export async function send(
  address: string,
  words: readonly string[],
  options: SendCommandOptions,
  context: Context,
): Promise<void> {
  await using client = await connect(address, options, context);
  client.on("state", (change) => {
    const line = connectionLine(change, context.texts);
    if (line !== undefined) context.warn(line);
  });
  const topic = await client.topic(options.topic).open({ from: "none" });
  const { kind, re } = options;
  const post = (text: string) => topic.send(text, { ...(kind && { kind }), ...(re && { re }) });
  const onStored = (stored: Stored) => writeStored(stored, options, context);
  if (words.length > 0) await onStored(await post(words.join(" ")));
  else await sendLines(client, post, onStored, context);
}

async function sendLines(
  client: RedRoomClient,
  post: (text: string) => ReturnType<Topic["send"]>,
  onStored: (stored: Stored) => Promise<void>,
  { texts, warn }: Context,
): Promise<void> {
  const input = process.stdin;
  // Whatever fails ends the reading at once, also while no line comes.
  const window = new SendWindow((failure) => input.destroy(failure));
  client.on("closed", (cause) => cause !== undefined && window.fail(cause));
  using _signals = onSignal((signal) => window.fail(interruptedBy(signal)));

  const sendLine = async ({ number, bytes }: InputLine): Promise<void> => {
    if (bytes.byteLength === 0) return warn(texts("send.emptyLine", { line: number }));
    await window.room(bytes.byteLength);
    try {
      window.add(post(decode(bytes)), number, bytes.byteLength, onStored);
    } catch (cause) {
      window.fail(cause, number);
    }
  };
  try {
    const { maxTextBytes: maxBytes } = client.limits;
    for await (const line of splitLines(input, { maxBytes, crlf: process.platform === "win32" })) await sendLine(line);
  } catch (thrown) {
    if (!(thrown instanceof LineTooLong)) window.fail(thrown);
    else window.fail(textRefused("failure.lineTooLong", { limit: thrown.maxBytes }), thrown.lineNumber);
  }
  await window.settled();
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw textRefused("failure.lineNotUtf8");
  }
}

function writeStored(
  { seq, id, at, duplicate }: Stored,
  { json }: SendCommandOptions,
  context: Context,
): Promise<void> {
  const { output, texts } = context;
  if (json) return output.line(jsonLine({ seq, id, at: at.toISOString(), duplicate }));
  return output.line(`#${seq}  ${localTime(at)}  ${texts("state.stored")}`);
}

const textRefused = (key: TextKey, values?: TextValues): CommandFailure =>
  new CommandFailure(EXIT_CODES.textRefused, key, values);

const interruptedBy = (signal: Signal): CommandFailure =>
  new CommandFailure(signal === "SIGINT" ? EXIT_CODES.interrupted : EXIT_CODES.terminated, "failure.interrupted");
