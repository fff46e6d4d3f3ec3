import { type AfterAppendPayload, type BeforeAppendPayload, RedRoomError } from "@redroom/sdk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readContent } from "../../src/evidence/leaf.ts";
import { openRoom, TITLE, turns } from "../client/room.ts";

/** What an application makes of one message, each time that it is asked. */
const OUTCOMES = ["at once", "soon", "refuse", "throw", "reject nothing", "later", "hang", "too late"] as const;
type Outcome = (typeof OUTCOMES)[number];

/** These do not decide in time: the message comes again. */
const UNDECIDED: readonly Outcome[] = ["later", "hang", "too late"];
const REFUSED: readonly Outcome[] = ["refuse", "throw", "reject nothing"];
const ALLOWED: readonly Outcome[] = ["at once", "soon"];

const message = fc.record({
  author: fc.constantFrom("anna", "bernd"),
  /** The last one counts for all that follow. */
  before: fc.tuple(
    fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 2 }),
    fc.constantFrom(...ALLOWED, "refuse", "throw"),
  ),
  after: fc.constantFrom(...OUTCOMES),
});

const history = fc.record({
  messages: fc.array(message, { minLength: 1, maxLength: 12 }),
  /** When all connections are lost, by the room's clock. */
  cuts: fc.array(fc.integer({ min: 1, max: 8_000 }), { maxLength: 2 }),
});

describe("whatever an application does", () => {
  it("what is acked stands in the log once, in the order of its author, and what is refused does not", async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ messages, cuts }) => {
        const asked = new Map<string, number>();
        const told: number[] = [];
        const answer = (outcome: Outcome): void | Promise<void> => {
          const after = (ms: number) => new Promise<void>((resolve) => room.clock.setTimer(() => resolve(), ms));
          if (outcome === "soon") return after(30);
          if (outcome === "too late") return after(6_000);
          if (outcome === "hang") return new Promise(() => {});
          if (outcome === "later") throw new RedRoomError("TOO_MANY_REQUESTS", "unable to decide", { retryable: true });
          if (outcome === "refuse") throw new RedRoomError("TEXT_INVALID", "unable to allow it");
          if (outcome === "throw") throw new TypeError("undefined is not a function");
          if (outcome === "reject nothing") return Promise.reject(undefined);
        };
        const room = await openRoom({
          async beforeAppend({ message: { text } }: BeforeAppendPayload) {
            const [times, last] = messages[Number(text)]?.before ?? [[], "at once" as const];
            const count = asked.get(text) ?? 0;
            asked.set(text, count + 1);
            // Where nobody has heard of a refusal, it is asked again, and behind the messages that followed: it decides the same.
            const decided = times.slice(0, count).find((outcome) => REFUSED.includes(outcome));
            await answer(decided ?? times[count] ?? last);
            return { annotations: { allowed: text } };
          },
          afterAppend({ seq, message: { text } }: AfterAppendPayload) {
            told.push(seq);
            return answer(messages[Number(text)]?.after ?? "at once");
          },
        });
        try {
          const clients = { anna: await room.connect("anna"), bernd: await room.connect("bernd") };
          const topics = {
            anna: await room.settled(clients.anna.topic(TITLE).open()),
            bernd: await room.settled(clients.bernd.topic(TITLE).open()),
          };
          for (const at of cuts) room.clock.setTimer(() => room.network.cut(), at);
          const results = await room.settled(
            Promise.allSettled(messages.map(({ author }, index) => topics[author].note(`${index}`))),
          );
          await room.pass(20_000, 500);
          await turns(20);

          const topic = await room.store.findTopic({ title: TITLE });
          const entries = await room.store.read(topic?.id ?? "", { from: 1, limit: 1_000 });
          const seqs = new Map<string, number[]>();
          for (const { seq, leaf, content } of entries) {
            if (JSON.parse(leaf).kind !== "note") continue;
            const { text = "", annotations } = readContent(content ?? "") ?? {};
            expect(annotations).toEqual({ allowed: text });
            seqs.set(text, [...(seqs.get(text) ?? []), seq]);
          }
          for (const [index, result] of results.entries()) {
            const stored = seqs.get(`${index}`) ?? [];
            if (result.status === "fulfilled") expect(stored, `${index}`).toEqual([result.value.seq]);
            else expect(stored, `${index}`).toEqual([]);
            const [times, last] = messages[index]?.before ?? [[], "at once"];
            const decided = [...times, last].find((outcome) => !UNDECIDED.includes(outcome)) ?? last;
            expect(result.status === "fulfilled", `${index}`).toBe(ALLOWED.includes(decided));
          }
          for (const author of ["anna", "bernd"]) {
            const own = messages.flatMap((each, index) => (each.author === author ? (seqs.get(`${index}`) ?? []) : []));
            expect(own).toEqual(own.toSorted((a, b) => a - b));
          }
          const all = [...seqs.values()].flat();
          expect(told).toEqual(told.toSorted((a, b) => a - b));
          expect(new Set(told).size).toBe(told.length);
          expect(all).toEqual(expect.arrayContaining(told));
        } finally {
          await room[Symbol.asyncDispose]();
        }
        expect(room.clock.pending).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
