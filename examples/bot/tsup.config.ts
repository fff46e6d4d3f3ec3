import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/main.ts"], // behind bin/redroom-bot.js
  format: "esm",
  target: "node20",
  clean: true,
});
