import { RedRoomClient } from "@redroom/sdk";
import { playRole } from "../harness/role.ts";
import { type Asked, type Operation, type Timed, timed } from "./operations.ts";
import { PAGE, TOPIC, USER } from "./settings.ts";

let client: RedRoomClient | undefined;

function topic() {
  if (client === undefined) throw new Error("unable to measure; connect first");
  return client.topic(TOPIC);
}

const operations: Readonly<Record<Operation, (asked: Asked) => Promise<number>>> = {
  async open() {
    await topic().open({ from: "now" });
    return 1;
  },
  page: async ({ from }) => (await topic().history({ from, limit: PAGE })).length,
  async search({ word }) {
    let found = 0;
    for await (const { message } of topic().search({ text: word, limit: PAGE })) found += message.text === "" ? 0 : 1;
    return found;
  },
  questions: async () => (await topic().questions({ state: "open", limit: 100 })).length,
};

const calls = {
  async connect(address: string): Promise<void> {
    client = await RedRoomClient.connect(address, { auth: USER });
  },

  /** Each opening is the first: nobody else is there. */
  async measure({ operation, ...asked }: Asked & { readonly operation: Operation }): Promise<Timed> {
    if (operation !== "open") await topic().open({ from: "now" });
    const result = await timed(() => operations[operation](asked));
    if (operation === "open") await topic().close();
    return result;
  },

  /** Reads from the start, and again from there when it has come to `last`, until it has read so much text. @returns How much. */
  async read({ bytes, last }: { readonly bytes: number; readonly last: number }): Promise<number> {
    let read = 0;
    while (read < bytes) {
      for await (const { seq, text } of topic().messages({ from: "start" })) {
        read += Buffer.byteLength(text);
        if (seq >= last || read >= bytes) break;
      }
    }
    return read;
  },

  close: () => client?.close(),
};

export type LargeTopicClient = typeof calls;

playRole(calls);
