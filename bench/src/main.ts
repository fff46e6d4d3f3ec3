import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { measureEvidence } from "./evidence/evidence.ts";
import { measureFanOut } from "./fan-out/fan-out.ts";
import { type Comparison, type Effort, formatTable } from "./harness/comparison.ts";
import { describeMachine } from "./harness/machine.ts";
import { measureLargeTopic } from "./large-topic/large-topic.ts";
import { measurePublish } from "./publish/publish.ts";
import { measureReconnect } from "./reconnect/reconnect.ts";

const USAGE = `npm run bench [-- [fan-out] [publish] [evidence] [reconnect] [large-topic]
                  [--short] [--megabytes 500] [--keep FOLDER]
                  [--against COMMIT] [--json FILE] [--update-docs] [--profile FOLDER]]

  --short        less than a minute for all, to see that everything works; the figures are rough
  --megabytes    large-topic only: how much text it has; 500 by default, 5 with --short
  --keep FOLDER  large-topic only: where the topic is made, and found by the next run
  --against      publish only: an earlier commit of this project takes the place of the peer
  --json FILE    where the figures of every round go; bench/results/….local.json by default
  --update-docs  writes the tables into docs/benchmarks.md, and the figures to bench/results
  --profile      leaves CPU profiles of all processes in FOLDER
`;

const MEASUREMENTS = {
  "fan-out": measureFanOut,
  publish: measurePublish,
  evidence: measureEvidence,
  reconnect: measureReconnect,
  "large-topic": measureLargeTopic,
} as const;
type MeasurementName = keyof typeof MEASUREMENTS;

const FULL: Effort = { rounds: 5, roundMs: 2_000, entries: 100_000 };
const SHORT: Effort = { rounds: 2, roundMs: 400, entries: 5_000 };

const bench = join(import.meta.dirname, "..");
const docs = join(bench, "../docs/benchmarks.md");

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      short: { type: "boolean", default: false },
      against: { type: "string" },
      megabytes: { type: "string" },
      keep: { type: "string" },
      json: { type: "string" },
      "update-docs": { type: "boolean", default: false },
      profile: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const all = Object.keys(MEASUREMENTS) as MeasurementName[];
  const unknown = positionals.find((name) => !all.includes(name as MeasurementName));
  if (unknown !== undefined) throw new Error(`there is no measurement ${unknown}\n\n${USAGE}`);
  const wanted = all.filter((name) => positionals.length === 0 || positionals.includes(name));

  const megabytes = Number(values.megabytes ?? (values.short ? 5 : 500));
  if (!(megabytes >= 1)) throw new Error(`--megabytes is ${values.megabytes}, not a number from 1`);

  const date = new Date().toISOString().slice(0, 10);
  const machine = describeMachine();
  console.log(`${machine}\n`);
  const comparisons: Comparison[] = [];
  for (const name of wanted) {
    const measured = await MEASUREMENTS[name](values.short ? SHORT : FULL, {
      profileTo: values.profile,
      against: values.against,
      megabytes,
      keep: values.keep,
      log: (line) => console.error(`… ${line}`),
    });
    const own = [measured].flat();
    comparisons.push(...own);
    const sections = own.map(formatSection).join("\n\n");
    console.log(`\n${sections}`);
    const section = values.against === undefined ? name : `${name}-against`;
    if (values["update-docs"]) updateDocs(section, `${date}, ${machine}.\n\n${sections}`);
  }

  const suffix = values["update-docs"] ? ".json" : ".local.json";
  const file =
    values.json ??
    join(bench, "results", `${date}-${wanted.join("-")}${values.against === undefined ? "" : "-against"}${suffix}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ date, machine, short: values.short, comparisons }, undefined, 1)}\n`);
  console.error(`\nall figures: ${file}`);
}

function formatSection(comparison: Comparison): string {
  return `### ${comparison.title}\n\n${comparison.method}\n\n${formatTable(comparison)}`;
}

/** Replaces what stands between the measurement's two markers. */
function updateDocs(name: string, section: string): void {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const page = readFileSync(docs, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no markers ${begin} … ${end}`);
  writeFileSync(docs, `${page.slice(0, from)}${begin}\n\n${section}\n\n${page.slice(to)}`);
}

try {
  await main();
} catch (error) {
  // Something was lost, doubled or out of order, or could not be measured at all.
  console.error(error);
  process.exitCode = 1;
}
