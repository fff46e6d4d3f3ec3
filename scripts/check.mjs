// Everything that must hold besides the tests, a line for each step; what a step printed is shown only when it failed.
import { join } from "node:path";
import { foreignText, incompleteLockfile, packedFiles } from "./facts.mjs";
import { run, seconds } from "./run.mjs";
import { root } from "./workspaces.mjs";

const packages = ["packages/sdk", "packages/server-kit"];

const independent = [
  tool("types", "tsc -p ."),
  tool("API reference", "typedoc --logLevel Warn"),
  tool("lint, format, borders", "biome ci --colors=off --error-on-warnings"),
  tool("unused code", "knip --no-progress"),
  { name: "no machine paths or registry hosts", check: foreignText },
  { name: "lockfile for all platforms", check: incompleteLockfile },
  { name: "changesets", check: changesets },
];

const onBuilds = packages.flatMap((folder) => [
  tool(`${folder}: exports (publint)`, "publint run --strict --pack false", folder),
  tool(`${folder}: types as a user sees them (attw)`, "attw --pack --profile esm-only --no-color --no-emoji", folder),
  { name: `${folder}: what is published`, check: () => packedFiles(folder) },
]);

const built = await step(tool("builds", "node scripts/ready.mjs --build"));
// It mostly waits: the others run beside it.
const soaked = step(tool("soak, in its short form", "npm run --silent soak -- --minutes 3"));
const results = [built, ...(await twoAtATime(independent))];
if (built) results.push(...(await twoAtATime(onBuilds)));
results.push(await soaked);

const failed = results.filter((passed) => !passed).length;
console.log(failed === 0 ? `All ${results.length} checks passed.` : `${failed} of ${results.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;

function tool(name, command, cwd = "") {
  return { name, check: async () => run(command, { cwd: join(root, cwd), env: { FORCE_COLOR: "0", NO_COLOR: "1" } }) };
}

/** A step passes when its check resolves with the exit code 0. */
async function step({ name, check }) {
  const startedAt = Date.now();
  const { code, output } = await check();
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds(startedAt)})`);
  if (code !== 0) console.log(output.trimEnd().replace(/^/gm, "     "));
  return code === 0;
}

async function twoAtATime(steps) {
  const waiting = [...steps];
  const results = [];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results.push(await step(next));
  };
  await Promise.all([lane(), lane()]);
  return results;
}

/** Release notes are compared with the branch `main`, which a clone of another branch alone does not have. */
async function changesets() {
  const main = await run("git rev-parse --verify --quiet main");
  if (main.code !== 0) return { code: 0, output: "" };
  return run("changeset status");
}
