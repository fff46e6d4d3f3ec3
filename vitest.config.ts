import { defineConfig } from "vitest/config";

// Tests run on the sources, in worker threads and child processes too: the same condition and loader everywhere.
const conditions = ["@redroom/source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "test/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "reliability/test/**/*.test.ts",
    ],
    pool: "forks",
    // Many files wait for processes, disks and terminals more than they compute.
    maxWorkers: "100%",
    execArgv: ["--conditions=@redroom/source", "--import", "tsx"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
