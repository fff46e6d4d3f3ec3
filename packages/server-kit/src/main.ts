import { run } from "./run.ts";

// Whatever is written here is for the user alone who runs the server.
process.umask(0o077);
process.exitCode = await run(process.argv.slice(2));
