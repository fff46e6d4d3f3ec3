/** `npm run simulate -- [--seeds N] [--from S]`: plays many seeds on all processors; `--seed S`: shows what one does. */
import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { simulate } from "../../../src/testing.ts";
import type { Answer } from "./simulate-worker.ts";

/** So many seeds are handed out at a time. */
const BATCH = 20;
const SHOWN_FAILURES = 20;
const PROGRESS_MS = 5_000;

const USAGE = "npm run simulate -- [--seeds N] [--from S]    or, to see what one does,    npm run simulate -- --seed S";

const values = readOptions();
process.exitCode =
  values.seed === undefined
    ? await playMany(toNumber("from", values.from, 0), toNumber("seeds", values.seeds, 1))
    : await showOne(toNumber("seed", values.seed, 0));

function readOptions() {
  try {
    const options = {
      seeds: { type: "string", default: "10000" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
    } as const;
    return parseArgs({ options }).values;
  } catch (thrown) {
    console.error(`${(thrown as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

async function showOne(seed: number): Promise<number> {
  const { violations, trace } = await simulate({ seed });
  for (const line of trace) console.log(line);
  for (const { invariant, what } of violations) console.log(`BROKEN  ${invariant}: ${what}`);
  console.log(
    violations.length === 0 ? `Seed ${seed} holds every invariant.` : `Seed ${seed} broke what was promised.`,
  );
  return violations.length === 0 ? 0 : 1;
}

async function playMany(from: number, count: number): Promise<number> {
  const startedAt = performance.now();
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
  const end = from + count;
  const failed: number[] = [];
  let [next, played] = [from, 0];

  const take = (): number[] => {
    const first = next;
    next = Math.min(end, first + BATCH);
    return Array.from({ length: next - first }, (_, index) => first + index);
  };
  const note = ({ seed, broken }: Answer): void => {
    played += 1;
    if (broken.length === 0) return;
    failed.push(seed);
    if (failed.length > SHOWN_FAILURES) return;
    console.log(`seed ${seed}: ${broken[0]}${broken.length > 1 ? `, and ${broken.length - 1} more` : ""}`);
    console.log(`  see what happened: npm run simulate -- --seed ${seed}`);
  };
  const progress = setInterval(() => {
    console.log(`… ${played} of ${count} seeds in ${seconds()}, ${failed.length} failed`);
  }, PROGRESS_MS);
  await Promise.all(Array.from({ length: availableParallelism() }, () => playOn(startWorker(), take, note)));
  clearInterval(progress);
  console.log(`${played} seeds from ${from} on in ${seconds()}: ${failed.length} failed.`);
  return failed.length === 0 && played === count ? 0 : 1;
}

/** Plays batches on one process until there is none left. */
async function playOn(worker: ChildProcess, take: () => number[], note: (answer: Answer) => void): Promise<void> {
  let open = 0;
  const hand = (): void => {
    const seeds = take();
    open = seeds.length;
    if (open > 0) worker.send(seeds);
    else worker.disconnect();
  };
  worker.on("message", (answer: Answer) => {
    note(answer);
    open -= 1;
    if (open === 0) hand();
  });
  hand();
  await new Promise<void>((resolve) => worker.once("exit", () => resolve()));
}

function startWorker(): ChildProcess {
  return fork(fileURLToPath(new URL("./simulate-worker.ts", import.meta.url)), {
    // A seed makes much garbage that dies young: with more room for it, less of it is copied.
    execArgv: ["--max-semi-space-size=32", "--conditions=@redroom/source", "--import", "tsx"],
  });
}

function toNumber(name: string, text: string, lowest: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= lowest) return value;
  console.error(`--${name} is a whole number, at least ${lowest}, not ${text}.\n${USAGE}`);
  process.exit(2);
}
