// Makes a clone usable: installs what is missing and, with --build, builds what is stale. Says a line for each step it
// takes, and nothing when all is there. Plain JavaScript on Node alone, because it runs before anything is installed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, seconds } from "./run.mjs";
import { readJson, root, workspaces } from "./workspaces.mjs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(
    `Red Room needs Node 20.19 or later; this is ${process.version}. Install a newer Node and run the command again.`,
  );
}

const notes = join(root, ".ready");
mkdirSync(notes, { recursive: true });

await install();
if (process.argv.includes("--build")) await build();

async function install() {
  const lock = readJson("package-lock.json").packages;
  const stale = workspaces().filter((folder) => !sameDependencies(lock[folder], readJson(`${folder}/package.json`)));
  if (!sameDependencies(lock[""], readJson("package.json"))) stale.push("the root");
  if (stale.length > 0) fail(`package-lock.json is behind package.json of ${stale.join(", ")}; run \`npm install\`.`);

  // Native modules are compiled for one Node: another one needs them anew.
  const target = `${process.platform}-${process.arch}-${process.versions.modules}`;
  const note = join(notes, "installed-for");
  const installedFor = existsSync(note) ? readFileSync(note, "utf8") : target;
  if (installedFor === target && holds(lock)) return writeFileSync(note, target);

  const startedAt = Date.now();
  console.log("Installing dependencies (once; SQLite may be compiled, which takes a minute or two) …");
  const ticking = setInterval(() => console.log(`  … still installing, ${seconds(startedAt)}`), 15_000);
  const { code } = await run("npm ci --no-fund --no-audit", { show: true });
  clearInterval(ticking);
  if (code !== 0) fail(`\`npm ci\` failed with exit code ${code}; its reason is above.`);
  writeFileSync(note, target);
  console.log(`Installed dependencies in ${seconds(startedAt)}.`);
}

/** Whether node_modules holds what the lockfile asks for, by npm's own account of it. */
function holds(lock) {
  const account = "node_modules/.package-lock.json";
  if (!existsSync(join(root, account))) return false;
  const installed = readJson(account).packages;
  return Object.entries(lock).every(
    ([path, { version, optional, link }]) =>
      !path.includes("node_modules/") ||
      (installed[path] ? link || installed[path].version === version : optional === true),
  );
}

function sameDependencies(locked, manifest) {
  const fields = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
  const sorted = (object) => JSON.stringify(Object.entries(object ?? {}).sort());
  return locked !== undefined && fields.every((field) => sorted(locked[field]) === sorted(manifest[field]));
}

async function build() {
  const buildable = workspaces().filter((folder) => existsSync(join(root, folder, "tsup.config.ts")));
  const failures = await Promise.all(buildable.map(buildOne));
  if (failures.some(Boolean)) fail(`Build failed.\n${failures.filter(Boolean).join("\n")}`);
}

async function buildOne(folder) {
  const note = join(notes, `built-${folder.replaceAll("/", "-")}`);
  const sources = hashOf([`${folder}/src`, `${folder}/tsup.config.ts`, `${folder}/package.json`, "tsconfig.json"]);
  const built = existsSync(join(root, folder, "dist")) && existsSync(note) && readFileSync(note, "utf8") === sources;
  if (built) return undefined;

  const startedAt = Date.now();
  console.log(`Building ${folder} …`);
  const { code, output } = await run("tsup", { cwd: join(root, folder) });
  if (code !== 0) return output;
  writeFileSync(note, sources);
  console.log(`Built ${folder} in ${seconds(startedAt)}.`);
  return undefined;
}

function hashOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesIn).sort()) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

function filesIn(path) {
  if (!existsSync(join(root, path))) return [];
  if (/\.\w+$/.test(path)) return [path];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(`${path}/${entry.name}`) : [`${path}/${entry.name}`],
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
