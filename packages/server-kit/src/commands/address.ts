import type { Command } from "commander";
import { DEFAULT_CONFIG, readConfig } from "../config.ts";
import { requireInitialised } from "../data-folder.ts";
import { readPin } from "../identity.ts";
import { print, printJson } from "../output.ts";
import { showAddress } from "../shown-address.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";

export function addAddress(program: Command): void {
  program
    .command("address")
    .description("print the address that people connect with, as config.json has it")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(address);
}

async function address({ data, json }: DataOptions): Promise<void> {
  const paths = requireInitialised(data);
  const config = (await readConfig(paths.config)) ?? DEFAULT_CONFIG;
  const shown = showAddress({ ...config, pin: await readPin(paths) });
  await (json ? printJson({ address: shown.address, pin: shown.pin }) : print(shown.address));
}
