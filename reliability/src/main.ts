// Holds the promises of docs/reliability.md against real processes, real UDP and a real file.
import { parseArgs } from "node:util";
import { SeededRandom } from "@redroom/sdk/testing";
import { ms } from "./harness/statistics.ts";
import type { Outcome, Scenario } from "./scenario.ts";
import { acksAfterSync } from "./scenarios/acks-after-sync.ts";
import { badNetwork } from "./scenarios/bad-network.ts";
import { botKilled } from "./scenarios/bot-killed.ts";
import { deliveredInTime } from "./scenarios/delivered-in-time.ts";
import { processesStopped } from "./scenarios/processes-stopped.ts";
import { serverKilled } from "./scenarios/server-killed.ts";
import { slowReader } from "./scenarios/slow-reader.ts";
import { soak } from "./scenarios/soak.ts";
import { storeFails } from "./scenarios/store-fails.ts";

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  killed: serverKilled,
  "bot-killed": botKilled,
  stopped: processesStopped,
  network: badNetwork,
  delivery: deliveredInTime,
  "slow-reader": slowReader,
  store: storeFails,
  sync: acksAfterSync,
  soak,
};

const USAGE = `npm run reliability [-- [SCENARIO …] [--short] [--seed N]]     all but the soak by default, about half an hour
npm run soak [-- --minutes N]                                  60 by default

${Object.entries(SCENARIOS)
  .map(([name, { promise }]) => `  ${name.padEnd(12)}  ${promise}`)
  .join("\n")}

  --short      seconds instead of minutes: shows that all works, and proves less
  --seed N     the moments of the faults as in an earlier run
`;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      short: { type: "boolean", default: false },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      minutes: { type: "string", default: "60" },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.find((name) => !(name in SCENARIOS));
  if (values.help || unknown !== undefined) {
    console.log(unknown === undefined ? USAGE : `There is no scenario ${unknown}.\n\n${USAGE}`);
    return unknown === undefined;
  }
  const wanted = positionals.length > 0 ? positionals : Object.keys(SCENARIOS).filter((name) => name !== "soak");
  const seed = Number(values.seed);
  console.log(`seed ${seed}`);
  let held = true;
  for (const name of wanted) {
    const scenario = SCENARIOS[name] as Scenario;
    console.log(`\n${name}: ${scenario.promise}`);
    const hindrance = scenario.hindrance?.();
    if (hindrance !== undefined) {
      console.log(`  – not tried: ${hindrance}`);
      continue;
    }
    const startedAt = performance.now();
    const outcome = await attempt(scenario, {
      short: values.short,
      random: new SeededRandom(seed),
      minutes: Number(values.minutes),
      log: (line) => console.log(`  … ${line}`),
    });
    show(outcome, performance.now() - startedAt);
    held &&= outcome.faults.length === 0;
  }
  return held;
}

async function attempt(scenario: Scenario, options: Parameters<Scenario["run"]>[0]): Promise<Outcome> {
  try {
    return await scenario.run(options);
  } catch (error) {
    return { faults: [error instanceof Error ? (error.stack ?? error.message) : String(error)], measured: {} };
  }
}

const SHOWN_FAULTS = 20;

function show({ faults, measured }: Outcome, tookMs: number): void {
  for (const [what, value] of Object.entries(measured)) console.log(`  ${what}: ${value}`);
  for (const fault of faults.slice(0, SHOWN_FAULTS)) console.log(`  ✘ ${fault}`);
  if (faults.length > SHOWN_FAULTS) console.log(`  ✘ and ${faults.length - SHOWN_FAULTS} more`);
  if (faults.length === 0) console.log(`  ✔ held, in ${ms(tookMs)}`);
}

process.exitCode = (await main()) ? 0 : 1;
