import { Command } from "commander";
import { MESSAGE_KINDS, oneOf, repeated, wholeNumber } from "./arguments.ts";
import { chat } from "./commands/chat.ts";
import { history } from "./commands/history.ts";
import { send } from "./commands/send.ts";
import { tail } from "./commands/tail.ts";
import { topics } from "./commands/topics.ts";
import { verify } from "./commands/verify.ts";
import type { Context } from "./context.ts";
import { addDealCommands } from "./deal-program.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import type { TextKey, Texts } from "./texts/texts.ts";

/** The arguments of all commands. */
export function redroomProgram(context: Context): Command {
  const { texts } = context;
  const language = oneOf(["en", "de"]);
  const program = new Command("redroom")
    .description(texts("help.program"))
    .helpCommand(false)
    .helpOption("-h, --help", texts("help.help"))
    .configureHelp({
      styleTitle: (title) => translateTitle(title, texts),
      subcommandTerm: (subcommand) => subcommand.name(),
    })
    .configureOutput({ outputError: () => {} }) // main.ts says it, in the language of the person
    .showSuggestionAfterError(false)
    .exitOverride()
    .addHelpText("after", () => `\n${exitCodeTable(texts)}`)
    .option("--lang <en|de>", texts("help.lang"), language)
    .usage("COMMAND ADDRESS --user NAME …\n       redroom verify FOLDER");

  /** What all commands share. */
  const command = (name: string, description: TextKey): Command =>
    program
      .command(name)
      .description(texts(description))
      .argument("<ADDRESS>", texts("help.address"))
      .requiredOption("--user <NAME>", texts("help.user"))
      .option("--password-fd <N>", texts("help.passwordFd"), wholeNumber(0, texts("usage.descriptor")))
      .option("--ca <FILE>", texts("help.ca"))
      .option("--lang <en|de>", texts("help.lang"), language);
  const seq = wholeNumber(1, texts("usage.positiveNumber"));

  command("chat", "help.chat")
    .usage("ADDRESS --user NAME [--topic TITLE]")
    .option("--topic <TITLE>", texts("help.chatTopic"))
    .action((address, options) => chat(address, options, context));
  command("topics", "help.topics")
    .usage("ADDRESS --user NAME [--json]")
    .option("--json", texts("help.json"))
    .action((address, options) => topics(address, options, context));
  command("send", "help.send")
    .usage("ADDRESS --user NAME --topic TITLE [TEXT…]")
    .argument("[TEXT...]", texts("help.text"))
    .requiredOption("--topic <TITLE>", texts("help.topic"))
    .option("--kind <KIND>", texts("help.kind"), oneOf(MESSAGE_KINDS))
    .option("--re <SEQ>", texts("help.re"), seq)
    .option("--to <NAME>", texts("help.to"), repeated)
    .option("--json", texts("help.json"))
    .action((address, words, options) => send(address, words, options, context));
  command("history", "help.history")
    .usage("ADDRESS --user NAME --topic TITLE [--from SEQ] [--limit N]")
    .requiredOption("--topic <TITLE>", texts("help.topic"))
    .option("--from <SEQ>", texts("help.historyFrom"), seq)
    .option("--limit <N>", texts("help.historyLimit"), seq)
    .option("--json", texts("help.json"))
    .action((address, options) => history(address, options, context));
  command("tail", "help.tail")
    .usage("ADDRESS --user NAME --topic TITLE [--from SEQ] [--limit N]")
    .requiredOption("--topic <TITLE>", texts("help.topic"))
    .option("--from <SEQ>", texts("help.tailFrom"), seq)
    .option("--limit <N>", texts("help.tailLimit"), seq)
    .option("--json", texts("help.json"))
    .action((address, options) => tail(address, options, context));
  addDealCommands(command, context);
  program
    .command("verify")
    .description(texts("help.verify"))
    .usage("FOLDER [--address ADDRESS] [--checkpoint FILE] [--json]")
    .argument("<FOLDER>", texts("help.folder"))
    .option("--address <ADDRESS>", texts("help.verifyAddress"))
    .option("--checkpoint <FILE>", texts("help.verifyCheckpoint"))
    .option("--json", texts("help.json"))
    .option("--lang <en|de>", texts("help.lang"), language)
    .action((folder, options) => verify(folder, options, context));
  return program;
}

function translateTitle(title: string, texts: Texts): string {
  const key = `help.${title.toLowerCase().replace(":", "")}`;
  return texts.has(key) ? texts(key) : title;
}

function exitCodeTable(texts: Texts): string {
  const rows = Object.entries(EXIT_CODES).map(([name, code]) => {
    const key = `exit.${name}`;
    return `  ${String(code).padStart(3)}  ${texts.has(key) ? texts(key) : name}`;
  });
  return [texts("help.exitCodes"), ...rows].join("\n");
}
