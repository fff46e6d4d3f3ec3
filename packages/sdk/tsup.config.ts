import { defineConfig } from "tsup";

export default defineConfig({
  // One door per `exports` key, and the store's worker, which is a program of its own.
  entry: {
    index: "src/index.ts",
    store: "src/store.ts",
    sqlite: "src/sqlite.ts",
    transport: "src/transport.ts",
    protocol: "src/protocol.ts",
    evidence: "src/evidence.ts",
    rules: "src/rules.ts",
    bot: "src/bot.ts",
    testing: "src/testing.ts",
    "sqlite-worker": "src/store/sqlite/sqlite-worker.ts",
  },
  format: "esm",
  target: "node20",
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  sourcemap: true,
  clean: true,
  keepNames: true,
  // Applications augment an interface of this file, which works only where it is declared by name: it is never bundled.
  external: ["#custom-types"],
});
