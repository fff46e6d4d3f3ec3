import { RedRoomClient, type RedRoomError, RedRoomServer, randomId } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport, quicTransport, type Transport } from "@redroom/sdk/transport";
import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../../src/base/bytes.ts";
import { originOf, signCheckpoint } from "../../src/evidence/checkpoint.ts";
import { makeLogKey } from "../../src/evidence/log-key.ts";
import { formatLogProof, parseLogProof } from "../../src/evidence/log-proof.ts";
import { appendLeaf, type Frontier, hashLeaf, rootOf } from "../../src/evidence/merkle.ts";
import { proveInclusion } from "../../src/evidence/proofs.ts";
import { packEntry, unpackEntry } from "../../src/protocol/entry-body.ts";
import type { Message, MessageOf } from "../../src/protocol/messages.ts";
import { draftOf, newKey } from "../../src/testing/store-entries.ts";
import { makeCertificate } from "../../src/testing/test-certificate.ts";
import { everybody } from "../everybody.ts";
import { growTree } from "../evidence/grown-tree.ts";
import { openForks, TITLE } from "../forks.ts";
import { type Lie, lyingTransport } from "../lying-transport.ts";

const TEXTS = ["one", "two", "three", "four", "five"];

/** A server of five entries behind a network that tells `liar.lie` in its place, and honest ways around it. */
async function openLiar() {
  const liar: { lie: Lie } = { lie: (message) => [message] };
  const forks = openForks(lyingTransport(memoryTransport(), liar));
  const { address, store } = await forks.serve(TEXTS);
  return {
    ...forks,
    store,
    async ask(lie: Lie, way: (client: RedRoomClient) => Promise<unknown>, trusted = new Map<string, string>()) {
      const client = await forks.connect(address, "anna", { trusted });
      liar.lie = lie;
      const failure = await way(client).then(
        () => undefined,
        (error: RedRoomError) => error,
      );
      return { client, failure };
    },
    async trustedAt(size: number): Promise<Map<string, string>> {
      const { address: before } = await forks.serve(TEXTS.slice(0, size));
      const client = await forks.connect(before, "anna");
      await client.topic(TITLE).open();
      return new Map(client.trusted);
    },
    [Symbol.asyncDispose]: () => {
      liar.lie = (message) => [message];
      return forks[Symbol.asyncDispose]();
    },
  };
}

const instead =
  <T extends Message["type"]>(type: T, change: (message: MessageOf<T>) => Message | readonly Message[]): Lie =>
  (message) =>
    message.type === type ? [change(message as MessageOf<T>)].flat() : [message];

/** Another last bit. */
const bent = (hash: string): string => {
  const bytes = Uint8Array.from(fromBase64Url(hash) ?? []);
  bytes[31] = (bytes[31] ?? 0) ^ 1;
  return toBase64Url(bytes);
};

/** The entry with another text, well formed and rightly committed to. */
function forged(entry: MessageOf<"entry">, text: string): MessageOf<"entry"> {
  const { author, leaf } = unpackEntry(entry);
  const fields = JSON.parse(leaf) as { topic: string; seq: number; by: string; id: string };
  const draft = draftOf(fields.topic, { author: fields.by, id: fields.id }, { seq: fields.seq - 1 }, text);
  return packEntry({ ...draft, author });
}
const seqOf = (entry: MessageOf<"entry">): number => (JSON.parse(unpackEntry(entry).leaf) as { seq: number }).seq;
const forgedThird = instead("entry", (entry) => (seqOf(entry) === 3 ? forged(entry, "THREE") : entry));

const open = (client: RedRoomClient) => client.topic(TITLE).open();
const history = (client: RedRoomClient) => client.topic(TITLE).history();
const page = (client: RedRoomClient) => client.topic(TITLE).history({ from: 3, limit: 2 });
const prove = (client: RedRoomClient) => client.topic(TITLE).proof(3);
async function follow(client: RedRoomClient): Promise<void> {
  for await (const _ of client.topic(TITLE).messages({ from: "start" }));
}
async function followFromFour(client: RedRoomClient): Promise<void> {
  for await (const _ of client.topic(TITLE).messages({ from: 4 }));
}

const stranger = makeLogKey();
const anyRoot = new Uint8Array(32);

/** What a server may say in the place of the truth, to whoever does what, and what becomes of it. */
const LIES: Readonly<
  Record<string, { lie: Lie; to: readonly ((client: RedRoomClient) => Promise<unknown>)[]; code: string }>
> = {
  "an entry that others did not get": { lie: forgedThird, to: [follow, history, page], code: "LOG_FORK" },
  "an entry whose text is not the one committed to": {
    lie: instead("entry", (entry) => ({ ...entry, salt: bent(entry.salt) })),
    to: [follow, history],
    code: "PROTOCOL_ERROR",
  },
  "an entry left out": {
    lie: instead("entry", (entry) => (seqOf(entry) === 3 ? [] : entry)),
    to: [follow, history],
    code: "PROTOCOL_ERROR",
  },
  "an entry twice": {
    lie: instead("entry", (entry) => (seqOf(entry) === 3 ? [entry, entry] : entry)),
    to: [follow, history],
    code: "PROTOCOL_ERROR",
  },
  "an entry of another topic": {
    lie: instead("entry", (entry) => {
      const draft = draftOf(randomId(), newKey(), { seq: seqOf(entry) - 1 }, "elsewhere");
      return packEntry({ ...draft, author: "" });
    }),
    to: [follow, history],
    code: "PROTOCOL_ERROR",
  },
  "a placeholder with another hash": {
    lie: instead("entry", (entry) => ({
      type: "placeholder",
      leafHash: bent(toBase64Url(hashLeaf(unpackEntry(entry).leaf))),
    })),
    to: [follow, history],
    code: "LOG_FORK",
  },
  "another beginning (frontier of a stream)": {
    lie: instead("topicOpened", (opened) => ({ ...opened, frontier: opened.frontier.map(bent) })),
    to: [open, followFromFour],
    code: "LOG_FORK",
  },
  "another beginning (frontier of a page)": {
    lie: instead("historyRead", (read) => ({ ...read, frontier: read.frontier.map(bent) })),
    to: [page, prove],
    code: "LOG_FORK",
  },
  "a beginning of another size": {
    lie: (message) =>
      ["topicOpened", "historyRead"].includes(message.type) ? [{ ...message, frontier: [] } as never] : [message],
    to: [open, followFromFour, page, prove],
    code: "PROTOCOL_ERROR",
  },
  "a page that does not lead to the checkpoint": {
    lie: instead("historyRead", (read) => ({ ...read, consistency: read.consistency.map(bent) })),
    to: [page, prove],
    code: "LOG_FORK",
  },
  "a page without its proof": {
    lie: instead("historyRead", (read) => ({ ...read, consistency: [] })),
    to: [page, prove],
    code: "LOG_FORK",
  },
  "fewer entries than the checkpoint has": {
    lie: (message) =>
      "head" in message
        ? [{ ...message, head: 4 }]
        : message.type === "topicOpened"
          ? [{ ...message, topic: { ...message.topic, head: 4 } }]
          : [message],
    to: [open, follow, history],
    code: "PROTOCOL_ERROR",
  },
  "an empty topic, signed for five": {
    lie: instead("historyRead", ({ checkpoint: _, ...read }) => read),
    to: [history],
    code: "PROTOCOL_ERROR",
  },
  "an empty page": {
    lie: (message) => (message.type === "entry" ? [] : [message]),
    to: [history, prove],
    code: "PROTOCOL_ERROR",
  },
  "more entries than asked for": {
    lie: instead("entry", (entry) => (seqOf(entry) === 4 ? [entry, ...Array(9).fill(entry)] : entry)),
    to: [page],
    code: "PROTOCOL_ERROR",
  },
  "a proof of another entry": {
    lie: instead("entryProof", ({ proof }) => ({ type: "entryProof", proof: proof.replace("index 2", "index 1") })),
    to: [prove],
    code: "PROTOCOL_ERROR",
  },
  "a proof that does not hold": {
    lie: instead("entryProof", ({ proof }) => {
      const [hash] = parseLogProof(proof)?.hashes ?? [];
      const shown = Buffer.from(hash ?? []).toString("base64");
      return { type: "entryProof", proof: proof.replace(shown, Buffer.from(anyRoot).toString("base64")) };
    }),
    to: [prove],
    code: "PROTOCOL_ERROR",
  },
  "no proof at all": {
    lie: instead("entryProof", () => ({ type: "entryProof", proof: "trust me" })),
    to: [prove],
    code: "PROTOCOL_ERROR",
  },
};

describe("a server that shows", () => {
  for (const [what, { lie, to, code }] of Object.entries(LIES)) {
    it.each(to.map((way) => [way.name, way] as const))(`${what} ends the session (%s)`, async (_, way) => {
      await using liar = await openLiar();
      const { client, failure } = await liar.ask(lie, way);
      expect(await client.ending).toMatchObject({ code });
      expect(failure).toMatchObject({ code });
    });
  }

  /** In the place of each checkpoint, wherever one travels. */
  const notes: Readonly<Record<string, (topicId: string) => string>> = {
    "signed by another key": (topicId) =>
      signCheckpoint({ origin: originOf(topicId), size: 5, root: anyRoot }, stranger),
    "of another topic": () => signCheckpoint({ origin: originOf(randomId()), size: 5, root: anyRoot }, stranger),
    "that is none": () => "trust me",
  };
  for (const [what, note] of Object.entries(notes)) {
    it.each([open, follow, history, prove].map((way) => [way.name, way] as const))(
      `a checkpoint ${what} ends the session (%s)`,
      async (_, way) => {
        await using liar = await openLiar();
        const { client } = await liar.ask((message) => {
          if ("checkpoint" in message) return [{ ...message, checkpoint: note(liar.topicId) }];
          if (message.type === "checkpoint") return [{ ...message, note: note(liar.topicId) }];
          return [message];
        }, way);
        expect(await client.ending).toMatchObject({ code: "PROTOCOL_ERROR" });
        expect(client.trusted.size).toBe(0);
      },
    );
  }

  it("the right checkpoint of another topic, signed with its own key, ends the session", async () => {
    await using liar = await openLiar();
    const note = signCheckpoint({ origin: originOf(randomId()), size: 5, root: anyRoot }, liar.key);
    const { client } = await liar.ask(
      instead("topicOpened", (opened) => ({ ...opened, checkpoint: note })),
      open,
    );
    expect(await client.ending).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  it("a forged entry and then no checkpoint at all ends the session: history is held against the head it opened with", async () => {
    await using liar = await openLiar();
    const silent: Lie = (message, side) => (message.type === "checkpoint" ? [] : forgedThird(message, side));
    const { failure } = await liar.ask(silent, follow);
    expect(failure?.code).toBe("LOG_FORK");
  });

  it("two logs to two streams of one client ends the session, although it has signed both", async () => {
    for (const forgedFirst of [true, false]) {
      await using liar = await openLiar();
      // To every second stream another third entry, and checkpoints that fit it.
      const trees = new Map<number, Frontier>();
      const forging: Lie = (message, stream) => {
        if ((stream / 4) % 2 === (forgedFirst ? 0 : 1)) return [message];
        if (message.type === "topicOpened") trees.set(stream, { size: 0, peaks: [] });
        const tree = trees.get(stream);
        if (message.type === "entry" && tree) {
          const entry = seqOf(message) === 3 ? forged(message, "THREE") : message;
          trees.set(stream, appendLeaf(tree, hashLeaf(unpackEntry(entry).leaf)).frontier);
          return [entry];
        }
        if (message.type === "checkpoint" && tree) {
          const head = { origin: originOf(liar.topicId), size: tree.size, root: rootOf(tree) };
          return [{ type: "checkpoint", note: signCheckpoint(head, liar.key) }];
        }
        return [message];
      };
      const { client } = await liar.ask(forging, async (asking) => {
        const first = asking.topic(TITLE).messages({ from: "start" });
        for (let count = 0; count < 5; count += 1) await first.next();
        await follow(asking);
      });
      expect(await client.ending).toMatchObject({ code: "LOG_FORK", evidence: { origin: originOf(liar.topicId) } });
    }
  });

  const asides: Readonly<Record<string, (client: RedRoomClient) => Promise<unknown>>> = {
    "a page": (client) => client.topic(TITLE).history(),
    "a page behind the end": (client) => client.topic(TITLE).history({ from: 6 }),
    "a proof": (client) => client.topic(TITLE).proof(3),
  };
  it.each(Object.entries(asides))("another log aside, signed as well, in %s, is found out", async (what, way) => {
    await using liar = await openLiar();
    // The log with another first entry, whole and consistent in itself.
    const entries = await liar.store.read(liar.topicId, { from: 1, limit: 5 });
    const other = draftOf(liar.topicId, newKey(), { seq: 0 }, "ONE");
    const { roots, node } = growTree([other.leaf, ...entries.slice(1).map(({ leaf }) => leaf)]);
    const head = { origin: originOf(liar.topicId), size: 5, root: roots[5] ?? anyRoot };
    const checkpoint = signCheckpoint(head, liar.key);
    let streaming = true;
    const lie: Lie = (message) => {
      if (message.type === "topicOpened") streaming = true;
      if (message.type === "entry" && what === "a page" && !streaming && seqOf(message) === 1)
        return [packEntry({ ...other, author: "" })];
      if (message.type === "historyRead" && what !== "a proof") return [{ ...message, checkpoint }];
      if (message.type !== "entryProof") return [message];
      const proof = formatLogProof({ index: 2, hashes: proveInclusion(2, 5, node), checkpoint });
      return [{ type: "entryProof", proof }];
    };
    const { client, failure } = await liar.ask(lie, async (asking) => {
      await open(asking);
      streaming = false;
      await way(asking);
    });
    const known = await liar.store.checkpoint(liar.topicId);
    expect(failure).toMatchObject({ code: "LOG_FORK", evidence: { known, shown: checkpoint } });
    expect(await client.ending).toBe(failure);
  });

  const proofs: Readonly<Record<string, { lie: Lie; code: string; closes: boolean }>> = {
    "a wrong proof of consistency": {
      lie: instead("consistencyProof", ({ hashes }) => ({ type: "consistencyProof", hashes: hashes.map(bent) })),
      code: "LOG_FORK",
      closes: true,
    },
    "no proof of consistency": {
      lie: instead("consistencyProof", () => ({ type: "consistencyProof", hashes: [] })),
      code: "LOG_FORK",
      closes: true,
    },
    "that it cannot prove consistency": {
      lie: instead("consistencyProof", () => ({ type: "error", code: "PROOF_UNAVAILABLE", message: "no" })),
      code: "LOG_FORK",
      closes: true,
    },
    "an excuse for the proof of consistency": {
      lie: instead("consistencyProof", () => ({ type: "error", code: "STORE_UNAVAILABLE", message: "later" })),
      code: "STORE_UNAVAILABLE",
      closes: false,
    },
  };
  for (const [what, { lie, code, closes }] of Object.entries(proofs)) {
    it(`${what} is not trusted`, async () => {
      await using liar = await openLiar();
      const trusted = await liar.trustedAt(3);
      const { client, failure } = await liar.ask(lie, open, trusted);
      expect(failure).toMatchObject({ code });
      if (closes) expect(await client.ending).toMatchObject({ code });
      expect(client.trusted).toEqual(trusted);
    });
  }

  it("the truth, with a text withheld, ends nothing", async () => {
    await using liar = await openLiar();
    const withheld = instead("entry", (entry) =>
      seqOf(entry) === 3 ? { type: "placeholder", leafHash: toBase64Url(hashLeaf(unpackEntry(entry).leaf)) } : entry,
    );
    const { client } = await liar.ask(withheld, open);
    expect((await client.topic(TITLE).history()).map(({ seq }) => seq)).toEqual([1, 2, 4, 5]);
    expect((await client.topic(TITLE).history({ limit: 3 })).map(({ seq }) => seq)).toEqual([1, 2, 4]);
    expect(parseLogProof(await client.topic(TITLE).proof(3))).toMatchObject({ index: 2 });
    const seen: number[] = [];
    for await (const { seq } of client.topic(TITLE).messages({ from: "start" })) if (seen.push(seq) === 4) break;
    expect(seen).toEqual([1, 2, 4, 5]);
  });
});

describe("a server that ends a topic's stream without a word", () => {
  it("does not keep who opens it waiting", async () => {
    await using liar = await openLiar();
    const { failure } = await liar.ask(
      instead("error", () => []),
      (client) => client.topic("Nowhere").open(),
    );
    expect(failure).toMatchObject({ code: "PROTOCOL_ERROR" });
  });
});

describe("the key of the log", () => {
  const certificate = makeCertificate();
  const other = makeCertificate();
  const identity = ({ certificate: chain, privateKey }: typeof certificate) => ({ certificate: chain, privateKey });

  /** A server on real UDP whose listener signs, or not, as `sign` does. */
  async function logIn(sign: "nothing" | "with another key" | "another log key" | "rightly") {
    const real = quicTransport({ tls: identity(certificate) });
    const stolen = await quicTransport({ tls: identity(other) }).listen({}, (connection) => connection.close());
    const transport: Transport = {
      connect: (address, options) => real.connect(address, options),
      async listen(options, onConnection) {
        const listener = await real.listen(options, onConnection);
        const signing = {
          rightly: listener.sign?.bind(listener),
          nothing: undefined,
          "with another key": stolen.sign?.bind(stolen),
          "another log key": () => listener.sign?.(Buffer.from("redroom log key v1\nanother\n")) ?? new Uint8Array(),
        }[sign];
        return { address: listener.address, sign: signing, close: (...how) => listener.close(...how) };
      },
    };
    const passwords: string[] = [];
    const authenticate = async ({ name, password }: { readonly name: string; readonly password: string }) => {
      passwords.push(password);
      return { id: name, name, admin: false };
    };
    const server = new RedRoomServer({ store: memoryStore(), transport, authenticate, policy: everybody });
    const { address } = await server.listen();
    const outcome = await RedRoomClient.connect(address, { auth: { name: "anna", password: "secret" } }).then(
      async (client) => {
        await client.close();
        return "online";
      },
      ({ code }: RedRoomError) => code,
    );
    await server.close({ drainMs: 0 });
    await stolen.close();
    return { outcome, passwords };
  }

  it("is trusted when the key that the address pins has certified it", async () => {
    expect(await logIn("rightly")).toEqual({ outcome: "online", passwords: ["secret"] });
  });

  it.each(["nothing", "with another key", "another log key"] as const)(
    "is refused, before a password is sent, when the server signs %s",
    async (sign) => {
      expect(await logIn(sign)).toEqual({ outcome: "CERTIFICATE_INVALID", passwords: [] });
    },
  );
});
