import { RedRoomClient } from "@redroom/sdk";
import { WebSocket } from "ws";
import { type TlsPair, TRUST_ONLY } from "../harness/certificate.ts";
import { type RecordName, TOPIC } from "./topic.ts";

/** One connection that publishes. */
export interface Publisher {
  /** @returns The seq, once the message is stored durably. */
  publish(text: string): Promise<number>;
  close(): Promise<void>;
}

async function redroom(address: string, _tls: TlsPair, name: string): Promise<Publisher> {
  const client = await RedRoomClient.connect(address, { auth: { name, password: "not checked" } });
  const topic = await client.topic(TOPIC).open({ from: "none" });
  return {
    publish: async (text) => (await topic.send(text)).seq,
    close: async () => void (await client.close()),
  };
}

async function plain(address: string, { certificate }: TlsPair, name: string): Promise<Publisher> {
  const socket = new WebSocket(address, { ...TRUST_ONLY, ca: certificate, perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const waiting = new Map<string, (seq: number) => void>();
  let sent = 0;
  socket.on("message", (bytes: Buffer) => {
    const { id, seq } = JSON.parse(bytes.toString()) as { id: string; seq: number };
    waiting.get(id)?.(seq);
    waiting.delete(id);
  });
  return {
    publish: (text) =>
      new Promise((resolve) => {
        const id = String(sent++);
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, author: name, text }));
      }),
    close: async () => socket.close(),
  };
}

export const publishers: Readonly<
  Record<RecordName, (address: string, tls: TlsPair, name: string) => Promise<Publisher>>
> = { redroom, plain };
