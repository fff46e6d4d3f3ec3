import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/main.ts"], // its first line, #!/usr/bin/env node, is kept
  format: "esm",
  target: "node20",
  clean: true,
});
