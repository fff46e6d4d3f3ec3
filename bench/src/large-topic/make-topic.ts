import { randomBytes } from "node:crypto";
import { createUser, randomId, setRoles } from "@redroom/sdk";
import { commit, deliveryText, encodeContent, encodeLeaf, SALT_BYTES } from "@redroom/sdk/evidence";
import { type SqliteStore, sqliteStore } from "@redroom/sdk/sqlite";
import type { EntryDraft } from "@redroom/sdk/store";
import { SeededRandom } from "@redroom/sdk/testing";
import { Correspondence, MESSAGES_PER_DELIVERY, type Written } from "./correspondence.ts";
import { TOPIC, USER } from "./settings.ts";

const SEED = 500;
/** So many entries go to the store at a time. */
const ENTRIES_PER_CALL = 2_000;
const FIRST_AT = Date.UTC(2024, 0, 8);
/** Between two entries: a minute in the mean, four at most. */
const MEAN_GAP_MS = 60_000;
/** Where the rare word stands, as shares of the whole. */
const RARE_AT = [0.1, 0.5, 0.9];

const PEOPLE = [
  { name: "Anna", role: "interviewer" },
  { name: "Clara", role: "interviewer" },
  { name: "Emil", role: "interviewer" },
  { name: "Bernd", role: "interviewee" },
  { name: "Dora", role: "interviewee" },
  { name: "Fritz", role: "interviewee" },
  { name: "Greta", role: "legal" },
  { name: "Henrik", role: "archivist" },
] as const;

export interface Made {
  readonly entries: number;
  /** The seq of the last message. */
  readonly lastMessage: number;
  readonly textBytes: number;
  /** How long it took. */
  readonly seconds: number;
}

/**
 * Makes a store file with one topic of so many bytes of text, through the store as the server uses it: leaves, commitments, the
 * tree, signed checkpoints, members, questions with their states, deliveries, the index of words. `USER` may read all of it.
 *
 * The seed decides who writes what; ids and salts are random, as always.
 */
export async function makeTopic(file: string, textBytes: number, log: (line: string) => void): Promise<Made> {
  const start = performance.now();
  const store = sqliteStore(file);
  await store.open();
  try {
    const topic = randomId();
    await store.createTopic({ id: topic, title: TOPIC, createdAt: FIRST_AT, regulated: false });
    const writer = new Writing(store, topic, await enrol(store, topic));
    await writer.begin();
    for (let told = 0; writer.textBytes < textBytes; ) {
      await writer.write(textBytes);
      if (writer.textBytes < told + textBytes / 10) continue;
      told = writer.textBytes;
      log(`${(told / 1e6).toFixed(0)} MB of text in ${writer.entries.toLocaleString("en-US")} entries`);
    }
    const { entries, lastMessage } = await writer.end();
    return { entries, lastMessage, textBytes: writer.textBytes, seconds: (performance.now() - start) / 1_000 };
  } finally {
    await store.close();
  }
}

type Pseudonyms = { readonly [Role in (typeof PEOPLE)[number]["role"] | "superuser"]: readonly string[] };

/** Makes the members. @returns Their pseudonyms. */
async function enrol(store: SqliteStore, topic: string): Promise<Pseudonyms> {
  const superuser = await createUser(store.users, USER);
  const operator = { id: "operator", name: "operator" };
  const pseudonyms: Record<keyof Pseudonyms, string[]> = {
    interviewer: [],
    interviewee: [],
    legal: [],
    archivist: [],
    superuser: [],
  };
  const others = PEOPLE.map(({ name, role }) => ({ person: { id: randomId(), name }, role }));
  for (const { person, role } of [{ person: superuser, role: "superuser" } as const, ...others]) {
    const member = { id: person.id, name: person.name, admin: false };
    await setRoles(store, topic, { member, roles: [role] }, { by: operator });
    pseudonyms[role].push(await store.pseudonym(topic, member));
  }
  return pseudonyms;
}

/** Puts correspondence into a log that nobody else writes to. */
class Writing {
  textBytes = 0;
  readonly #store: SqliteStore;
  readonly #topic: string;
  readonly #random = new SeededRandom(SEED);
  readonly #people: Pseudonyms;
  readonly #correspondence: Correspondence;
  #server = "";
  #head = 0;
  #lastMessage = 0;
  #at = FIRST_AT;
  /** How far the newest delivery reaches, and how many messages have come since. */
  #delivered = 0;
  #undelivered = 0;
  #rare = 0;
  /** The call under way: while the store writes, the next is made. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: SqliteStore, topic: string, people: Pseudonyms) {
    this.#store = store;
    this.#topic = topic;
    this.#people = people;
    const [askers, answerers] = [people.interviewer, people.interviewee] as unknown as [string, ...string[]][];
    const [superuser = ""] = people.superuser;
    if (askers === undefined || answerers === undefined) throw new Error("unable to write; nobody asks or answers");
    this.#correspondence = new Correspondence(this.#random, { askers, answerers, superuser });
  }

  get entries(): number {
    return this.#head;
  }

  async begin(): Promise<void> {
    this.#server = await this.#store.pseudonym(this.#topic, { id: "server", name: "server" });
    this.#head = (await this.#store.head(this.#topic)).seq;
  }

  /** Some entries more, on the way to so many bytes of text. */
  async write(wanted: number): Promise<void> {
    const drafts: EntryDraft[] = [];
    let key = { author: "", id: "" };
    while (drafts.length < ENTRIES_PER_CALL && this.textBytes < wanted) {
      const written = this.#undelivered < MESSAGES_PER_DELIVERY ? this.#message(wanted) : this.#delivery();
      const id = randomId();
      if (drafts.length === 0) key = { author: written.by, id };
      drafts.push(this.#draft(written, id));
    }
    await this.#writing;
    this.#writing = this.#store.append(this.#topic, key, () => drafts);
    // Whoever waits for it hears of a failure; until then it has none to tell.
    this.#writing.catch(() => {});
  }

  async end(): Promise<Pick<Made, "entries" | "lastMessage">> {
    await this.#writing;
    return { entries: this.#head, lastMessage: this.#lastMessage };
  }

  #message(wanted: number): Written {
    const rareAt = RARE_AT[this.#rare];
    const rare = rareAt !== undefined && this.textBytes >= rareAt * wanted;
    if (rare) this.#rare += 1;
    const written = this.#correspondence.next(this.#head + 1, rare);
    this.textBytes += Buffer.byteLength(written.text);
    this.#undelivered += 1;
    this.#lastMessage = this.#head + 1;
    return written;
  }

  /** Everybody has received all that came since the delivery before. */
  #delivery(): Written {
    const first = this.#delivered + 1;
    this.#delivered = this.#head;
    this.#undelivered = 0;
    const to = Object.values(this.#people).flat();
    return { kind: "delivery", by: this.#server, to, re: this.#head, text: deliveryText(first) };
  }

  #draft({ text, ...fields }: Written, id: string): EntryDraft {
    this.#head += 1;
    this.#at += Math.floor(this.#random.next() ** 3 * 4 * MEAN_GAP_MS);
    const [salt, content] = [randomBytes(SALT_BYTES), encodeContent(text)];
    const { topic, seq, at } = { topic: this.#topic, seq: this.#head, at: this.#at };
    return { leaf: encodeLeaf({ ...fields, topic, seq, id, at, commitment: commit(salt, content) }), content, salt };
  }
}
