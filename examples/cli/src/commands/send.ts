import type { MessageKind, RedRoomClient, Stored, Topic } from "@redroom/sdk";
import { type ConnectionOptions, connect } from "../connect.ts";
import { connectionLine } from "../connection-line.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { type InputLine, LineTooLong, splitLines } from "../lines.ts";
import { SendWindow } from "../send-window.ts";
import { onSignal, type Signal } from "../signals.ts";
import { writeStored } from "../stored-line.ts";
import type { TextKey, TextValues } from "../texts/texts.ts";

export interface SendCommandOptions extends ConnectionOptions {
  readonly topic: string;
  readonly kind?: MessageKind;
  readonly re?: number;
  readonly to?: readonly string[];
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
  const { kind, re, to } = options;
  // Whom a name stands for is told to those who read.
  const topic = to
    ? await client.topic(options.topic).open()
    : await client.topic(options.topic).open({ from: "none" });
  const post = (text: string) => topic.send(text, { ...(kind && { kind }), ...(re && { re }), ...(to && { to }) });
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

const textRefused = (key: TextKey, values?: TextValues): CommandFailure =>
  new CommandFailure(EXIT_CODES.textRefused, key, values);

export const interruptedBy = (signal: Signal): CommandFailure =>
  new CommandFailure(signal === "SIGINT" ? EXIT_CODES.interrupted : EXIT_CODES.terminated, "failure.interrupted");
