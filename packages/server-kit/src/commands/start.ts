import { RedRoomError, RedRoomServer } from "@redroom/sdk";
import { parseAddress } from "@redroom/sdk/protocol";
import { type Command, Option } from "commander";
import type { Identity } from "../certificate.ts";
import { policyOf } from "../config.ts";
import { openDataFolder } from "../data-folder.ts";
import { exitCodeOf, UNEXPECTED } from "../exit-codes.ts";
import { createLogger, LOG_LEVELS, type Log, type LogLevel } from "../log.ts";
import { print, printError, printJson } from "../output.ts";
import { type ShownAddress, showAddress } from "../shown-address.ts";
import { listenForStop } from "../stop-signals.ts";
import { announce, describeAdministrator } from "./init.ts";
import {
  configOf,
  type DataOptions,
  dataOption,
  hostOption,
  jsonOption,
  type ListenFlags,
  portOption,
  wholeNumber,
} from "./options.ts";

interface StartOptions extends DataOptions, ListenFlags {
  readonly logLevel: LogLevel;
  readonly drain: number;
}

export function addStart(program: Command): void {
  program
    .command("start")
    .description("serve until Ctrl+C or SIGTERM; makes the data folder when there is none")
    .addOption(dataOption())
    .addOption(hostOption())
    .addOption(portOption(0))
    .addOption(jsonOption())
    .addOption(
      new Option("--log-level <level>", "what is logged on standard error").choices(LOG_LEVELS).default("info"),
    )
    .addOption(
      new Option("--drain <ms>", "how long clients may take to leave when it stops")
        .argParser(wholeNumber(0, 600_000))
        .default(2_000),
    )
    .action(start);
}

async function start({ data, json, logLevel, drain, ...flags }: StartOptions): Promise<void> {
  using stop = listenForStop();
  const log = createLogger(logLevel);
  await using folder = await openDataFolder(data, {
    config: configOf(flags),
    announce: (admin) =>
      announce(json ? JSON.stringify({ event: "initialised", admin }) : `${describeAdministrator(admin)}\n`),
  });
  warnBeforeExpiry(log, folder.identity);

  const { identity, store, config } = folder;
  const server = new RedRoomServer({ tls: identity, store, policy: policyOf(config), logger: log });
  server.on("online", ({ user, remoteAddress, resumed }) =>
    log.debug({ user: user.id, remoteAddress, resumed }, "somebody is online"),
  );
  server.on("offline", ({ user, remoteAddress }) => log.debug({ user: user.id, remoteAddress }, "somebody is offline"));
  const listening = parseAddress((await server.listen({ host: config.host, port: config.port, ...flags })).address);

  const shown = showAddress({ ...listening, pin: identity.pin });
  log.info(
    { host: listening.host, port: listening.port, policy: config.policy, data: folder.paths.folder },
    "listening",
  );
  if (json) await printJson({ event: "listening", address: shown.address });
  else await print(describe(shown));

  const signal = await stop.signal;
  log.info({ signal, drainMs: drain }, "stopping");
  await server.close({ drainMs: drain }).catch(endAtOnce);
  log.info({}, "stopped");
}

/** The database hangs: closing the folder would hang as well. Its lock ends with the process. */
function endAtOnce(error: unknown): never {
  printError(error);
  process.exit(error instanceof RedRoomError ? exitCodeOf(error.code) : UNEXPECTED);
}

function describe({ address, hint }: ShownAddress): string {
  return `Red Room is open. People connect with this address:\n\n  ${address}\n\n${hint ? `${hint}.\n` : ""}Ctrl+C stops it.`;
}

const DAY_MS = 24 * 3_600_000;

function warnBeforeExpiry(log: Log, { expiresAt }: Identity): void {
  const days = Math.floor((expiresAt - Date.now()) / DAY_MS);
  if (days > 30) return;
  log.warn(
    { expiresAt: new Date(expiresAt).toISOString(), days },
    "the certificate expires soon: redroom-server certificate renew",
  );
}
