import { RedRoomError } from "@redroom/sdk";
import type { Command } from "commander";
import { openDataFolder } from "../data-folder.ts";
import type { Administrator } from "../first-administrator.ts";
import { print, printSecret } from "../output.ts";
import { type ShownAddress, showAddress } from "../shown-address.ts";
import {
  configOf,
  type DataOptions,
  dataOption,
  hostOption,
  jsonOption,
  type ListenFlags,
  portOption,
} from "./options.ts";

export function addInit(program: Command): void {
  program
    .command("init")
    .description("make the data folder: key, certificate, database, first administrator")
    .addOption(dataOption())
    .addOption(hostOption())
    .addOption(portOption(1))
    .addOption(jsonOption())
    .action(init);
}

async function init({ data, json, ...flags }: DataOptions & ListenFlags): Promise<void> {
  await using folder = await openDataFolder(data, {
    config: configOf(flags),
    announce: (admin, { config, identity }) => {
      const shown = showAddress({ ...config, pin: identity.pin });
      return announce(
        json ? JSON.stringify({ address: shown.address, pin: shown.pin, admin }) : describe(shown, admin),
      );
    },
  });
  if (folder.administrator === undefined) {
    const { folder: path } = folder.paths;
    throw new RedRoomError(
      "FOLDER_UNUSABLE",
      `unable to initialise the data folder ${path}; it is initialised already`,
      {
        remedy: `start the server: redroom-server start --data ${path}`,
      },
    );
  }
  if (!json) await print(`\nReady. Start it with: redroom-server start --data ${data}`);
}

function describe({ address, hint }: ShownAddress, admin: Administrator): string {
  return `${describeAdministrator(admin)}\n\nPeople connect with this address:\n\n  ${address}\n${hint ? `\n${hint}.` : ""}`;
}

export const describeAdministrator = ({ name, password }: Administrator): string =>
  `The first administrator; the password is shown only now:\n\n  name      ${name}\n  password  ${password}`;

export const announce = (line: string): Promise<void> =>
  printSecret(line, "run it again; the administrator was not made");
