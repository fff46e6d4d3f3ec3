import { defineConfig } from "tsup";

export default defineConfig({
  // The door, and the program behind bin/redroom-server.js.
  entry: ["src/index.ts", "src/main.ts"],
  format: "esm",
  target: "node20",
  dts: { entry: ["src/index.ts"], compilerOptions: { ignoreDeprecations: "6.0" } },
  sourcemap: true,
  clean: true,
});
