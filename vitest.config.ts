import { defineConfig } from "vitest/config";

// Tests run on the sources: the same condition and loader everywhere. Only our commands, where they are processes, run as
// users have them: built, with `--mode built`.
const conditions = ["@redroom/source", "node", "import", "module", "default"];

export default defineConfig(({ mode }) => ({
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
    // Threads that a store starts from its sources need a loader.
    execArgv: ["--conditions=@redroom/source", ...(mode === "built" ? [] : ["--import", "tsx"])],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What processes of our commands run: see test/command-of.ts.
    env: { REDROOM_TESTED: mode === "built" ? "built" : "sources" },
  },
}));
