import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/main.ts"], // behind bin/redroom.js
  format: "esm",
  target: "node20",
  clean: true,
});
