// Facts about the repository that no tool checks. Each resolves like a command: `{ code, output }`.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.mjs";
import { readJson, root } from "./workspaces.mjs";

const verdict = (problems) => ({ code: problems.length === 0 ? 0 : 1, output: problems.join("\n") });

/** Committed text that belongs to somebody's machine: home folders, registry hosts. */
export async function foreignText() {
  const patterns = [
    /\/(home|Users|root)\/[a-z]/,
    /[A-Z]:\\Users\\/,
    /(^|[^a-z.])\/work\//m,
    /registry\.[a-z]+\.(org|com)/,
    /"resolved": "https?:/,
  ];
  const { code, output } = await run("git ls-files -z");
  if (code !== 0) return { code, output };
  const paths = output.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
  return verdict(
    paths.flatMap((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return patterns.flatMap((pattern) => (pattern.test(text) ? [`${path}: ${text.match(pattern)[0].trim()}`] : []));
    }),
  );
}

/**
 * Optional packages of other platforms that the lockfile does not name: npm leaves them out where the registry in use
 * lacks them, and `npm ci` then refuses the lockfile everywhere. `node scripts/complete-lockfile.mjs` adds them.
 */
export async function incompleteLockfile() {
  const { packages } = readJson("package-lock.json");
  const missing = missingOptionals(packages).map(({ name, version }) => `${name}@${version}`);
  return verdict(
    missing.length > 0 ? [`Run \`node scripts/complete-lockfile.mjs\`; missing: ${missing.join(" ")}`] : [],
  );
}

export function missingOptionals(packages) {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !parents(path).some((parent) => `${parent}node_modules/${name}` in packages))
      .map(([name, version]) => ({ name, version, dev: entry.dev })),
  );
}

/** Where Node looks for what the package at `path` needs: its own node_modules, and those of all above. */
function parents(path) {
  const levels = [...path.matchAll(/(^|\/)node_modules\//g)].map((match) =>
    path.slice(0, match.index + match[1].length),
  );
  return [`${path}/`, ...levels, ""];
}

/** Whether a package publishes what it needs and nothing else. */
export async function packedFiles(folder) {
  const { code, output } = await run(`npm pack --dry-run --json --ignore-scripts --loglevel=error`, {
    cwd: join(root, folder),
  });
  if (code !== 0) return { code, output };
  const [{ files }] = JSON.parse(output.slice(output.indexOf("[")));
  const paths = files.map(({ path }) => path);
  const needed = ["LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts"];
  const problems = needed.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`);
  problems.push(
    ...paths
      .filter((path) => !/^(bin|dist|src)\/|^(LICENSE|README\.md|package\.json)$/.test(path))
      .map((path) => `${path} does not belong there`),
  );
  const license = (at) => readFileSync(join(root, at, "LICENSE"), "utf8");
  if (paths.includes("LICENSE") && license(folder) !== license(""))
    problems.push("LICENSE differs from the one at the root");
  return verdict(problems);
}
