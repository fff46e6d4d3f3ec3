import type { Command } from "commander";
import { requireInitialised } from "../data-folder.ts";
import { renewCertificate } from "../identity.ts";
import { print, printJson } from "../output.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";

export function addCertificate(program: Command): void {
  program
    .command("certificate")
    .description("the server's certificate")
    .command("renew")
    .description("make a new one for the same key: the address stays; takes effect at the next start")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(renew);
}

async function renew({ data, json }: DataOptions): Promise<void> {
  const { expiresAt } = await renewCertificate(requireInitialised(data));
  const until = new Date(expiresAt).toISOString();
  if (json) await printJson({ expiresAt: until });
  else
    await print(`The new certificate is valid until ${until.slice(0, 10)}. A running server uses it after a restart.`);
}
