import { join } from "node:path";
import { createCertificate } from "@redroom/server-kit";
import { Role } from "../harness/role.ts";
import type { LargeTopicClient } from "./client.ts";
import type { KeptTopic } from "./kept-topic.ts";
import type { Asked, Operation, Timed } from "./operations.ts";
import type { LargeTopicServer } from "./server.ts";

/** A topic with a server of its own, and a client: a process each. */
export class ServedTopic {
  readonly #topic: KeptTopic;
  readonly #server: Role<LargeTopicServer>;
  readonly #client: Role<LargeTopicClient>;

  static async start(topic: KeptTopic, profileTo: string | undefined): Promise<ServedTopic> {
    const profile = profileTo && join(profileTo, `${(topic.textBytes / 1e6).toFixed(0)}-mb`);
    const server = new Role<LargeTopicServer>(new URL("server.ts", import.meta.url), profile);
    const client = new Role<LargeTopicClient>(new URL("client.ts", import.meta.url), profile);
    await client.ask("connect", await server.ask("listen", { file: topic.file, tls: createCertificate() }));
    return new ServedTopic(topic, server, client);
  }

  private constructor(topic: KeptTopic, server: Role<LargeTopicServer>, client: Role<LargeTopicClient>) {
    this.#topic = topic;
    this.#server = server;
    this.#client = client;
  }

  measure(asked: Asked & { readonly operation: Operation }): Promise<Timed> {
    return this.#client.ask("measure", asked);
  }

  /** Of the server, in MiB. */
  memory(): Promise<number> {
    return this.#server.ask("memory", undefined);
  }

  /** Has the client read so much text from the start. @returns The most memory that the server had meanwhile, in MiB. */
  async read(bytes: number): Promise<number> {
    await this.#server.ask("watchMemory", undefined);
    await this.#client.ask("read", { bytes, last: this.#topic.lastMessage });
    return this.#server.ask("highestMemory", undefined);
  }

  /** The file stays whole, for another run. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.ask("close", undefined);
    await this.#client[Symbol.asyncDispose]();
    await this.#server.ask("close", undefined);
    await this.#server[Symbol.asyncDispose]();
  }
}
