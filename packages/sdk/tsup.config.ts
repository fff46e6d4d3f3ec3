import { defineConfig } from "tsup";

export default defineConfig({
  // One door per `exports` key, and the store's worker, which is a program of its own.
  entry: [
    "src/index.ts",
    "src/store.ts",
    "src/sqlite.ts",
    "src/transport.ts",
    "src/protocol.ts",
    "src/evidence.ts",
    "src/testing.ts",
  ],
  format: "esm",
  target: "node20",
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  sourcemap: true,
  clean: true,
  keepNames: true,
});
