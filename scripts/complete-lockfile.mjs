// Names in package-lock.json the packages of other platforms that npm left out because the registry in use lacks them.
// Without them `npm ci` refuses the lockfile on every platform. Run it after `npm install`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingOptionals } from "./facts.mjs";
import { readJson, root } from "./workspaces.mjs";

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

const lock = readJson("package-lock.json");
const missing = missingOptionals(lock.packages);
for (const { name, version, dev } of missing) {
  // These packages say in their names what they are for: @rollup/rollup-linux-x64-musl.
  const words = name.split("/").at(-1).split("-");
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  const libc = os[0] === "linux" ? [words.some((word) => word.startsWith("musl")) ? "musl" : "glibc"] : [];
  lock.packages[`node_modules/${name}`] = {
    version,
    ...(cpu.length > 0 && { cpu }),
    ...(dev && { dev }),
    ...(libc.length > 0 && { libc }),
    optional: true,
    ...(os.length > 0 && { os }),
  };
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")));
writeFileSync(join(root, "package-lock.json"), `${JSON.stringify(lock, null, 2)}\n`);
console.log(missing.length === 0 ? "The lockfile was complete." : `Added ${missing.length} packages.`);
