import { createUser, setPassword } from "@redroom/sdk";
import { type Command, Option } from "commander";
import { withStore } from "../data-folder.ts";
import { choosePassword, type PasswordOptions, reportPassword } from "./choose-password.ts";
import { dataOption, jsonOption } from "./options.ts";
import { disable, enable, hold, list, roles, show } from "./user-account.ts";
import { consent } from "./user-consent.ts";
import { erase, exportPerson } from "./user-data.ts";

export function addUser(program: Command): void {
  const user = program.command("user").description("people who may log in; also while the server runs");
  const about = (name: string, description: string): Command =>
    user.command(name).argument("<name>").description(description).addOption(dataOption()).addOption(jsonOption());
  const withPassword = (command: Command): Command =>
    command
      .option("--password-stdin", "read the password from standard input")
      .option("--generate", "make a password and print it");

  withPassword(about("add", "add somebody; asks for the password twice"))
    .option("--admin", "may create users and topics")
    .addHelpText("after", examples("add anna --generate", "add bernd --admin --password-stdin < password.txt"))
    .action(add);
  user
    .command("list")
    .description("who may log in")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("list", "list --json"))
    .action(list);
  about("show", "what is stored of somebody's account").addHelpText("after", examples("show anna")).action(show);
  about("roles", "show what somebody may do, or change it; running sessions of theirs end")
    .option("--admin", "may create users and topics")
    .option("--no-admin", "may no longer")
    .addHelpText("after", examples("roles anna", "roles anna --admin"))
    .action(roles);
  withPassword(about("password", "give somebody a new password; running sessions of theirs end"))
    .addHelpText("after", examples("password anna", "password anna --generate"))
    .action(changePassword);
  about("disable", "let somebody no longer log in; running sessions of theirs end")
    .addHelpText("after", examples("disable anna"))
    .action(disable);
  about("enable", "let somebody log in again").addHelpText("after", examples("enable anna")).action(enable);
  about("consent", "show whether somebody has consented to consent.md, or note it")
    .addOption(new Option("--given", "note that it was given, on paper for instance").conflicts("withdrawn"))
    .option("--withdrawn", "note that it was withdrawn: the server asks for it again")
    .addHelpText("after", examples("consent anna", "consent anna --withdrawn"))
    .action(consent);
  about("hold", "put somebody under a legal hold: they cannot be erased")
    .option("--off", "end it")
    .addHelpText("after", examples("hold anna", "hold anna --off"))
    .action(hold);
  about("export", "print all that is stored of a person, with their own messages, as JSON")
    .addHelpText("after", examples("export anna > anna.json"))
    .action(exportPerson);
  about("erase", "remove somebody for good; what they have written stays on record, under a pseudonym")
    .addHelpText("after", examples("erase anna"))
    .action(erase);
}

const examples = (...commands: readonly string[]): string =>
  `\nExamples:\n${commands.map((command) => `  redroom-server user ${command.replace(/( [<>]|$)/, " --data ./room$1")}`).join("\n")}`;

async function add(name: string, options: PasswordOptions & { readonly admin?: boolean }): Promise<void> {
  await withStore(options.data, async ({ users }) => {
    const password = await choosePassword(options, name);
    const user = await createUser(users, { name, password, admin: options.admin ?? false });
    await reportPassword(options, { name: user.name, admin: user.admin }, `Added ${user.name}`, password);
  });
}

async function changePassword(name: string, options: PasswordOptions): Promise<void> {
  await withStore(options.data, async ({ users }) => {
    const password = await choosePassword(options, name);
    await setPassword(users, name, password);
    await reportPassword(options, { name }, `${name} has a new password`, password);
  });
}
