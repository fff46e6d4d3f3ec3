import type { Command } from "commander";
import { MESSAGE_KINDS, oneOf, repeated, wholeNumber } from "./arguments.ts";
import { answer, ask } from "./commands/ask.ts";
import { members, presence } from "./commands/members.ts";
import { passwd } from "./commands/passwd.ts";
import { prepared } from "./commands/prepared.ts";
import { questions } from "./commands/questions.ts";
import { search } from "./commands/search.ts";
import { whoami } from "./commands/whoami.ts";
import type { Context } from "./context.ts";
import type { TextKey } from "./texts/texts.ts";

const PRIORITIES = ["low", "normal", "high"];
const STATES = ["open", "answered", "withdrawn", "closed"];

/** The commands around people, questions and answers. @param command Makes one with what all commands share. */
export function addDealCommands(command: (name: string, description: TextKey) => Command, context: Context): void {
  const { texts } = context;
  const seq = wholeNumber(1, texts("usage.positiveNumber"));
  const inTopic = (name: string, description: TextKey, usage: string): Command =>
    command(name, description)
      .usage(`ADDRESS --user NAME --topic TITLE ${usage}`)
      .requiredOption("--topic <TITLE>", texts("help.topic"))
      .option("--json", texts("help.json"));

  inTopic("ask", "help.ask", "TEXT…")
    .argument("<TEXT...>", texts("help.askText"))
    .option("--to <NAME>", texts("help.to"), repeated)
    .option("--priority <PRIORITY>", texts("help.priority"), oneOf(PRIORITIES))
    .option("--due <WHEN>", texts("help.due"))
    .option("--re <SEQ>", texts("help.re"), seq)
    .option("--wait", texts("help.wait"))
    .action((address, words, options) => ask(address, words, options, context));
  inTopic("answer", "help.answer", "SEQ TEXT…")
    .argument("<SEQ>", texts("help.question"), seq)
    .argument("<TEXT...>", texts("help.answerText"))
    .option("--to <NAME>", texts("help.to"), repeated)
    .action((address, question, words, options) => answer(address, question, words, options, context));
  inTopic("questions", "help.questions", "[--state STATE] [--of NAME] [--for NAME]")
    .option("--state <STATE>", texts("help.state"), oneOf(STATES))
    .option("--of <NAME>", texts("help.of"))
    .option("--for <NAME>", texts("help.for"))
    .option("--limit <N>", texts("help.historyLimit"), seq)
    .action((address, options) => questions(address, options, context));
  inTopic("members", "help.members", "").action((address, options) => members(address, options, context));
  inTopic("presence", "help.presence", "").action((address, options) => presence(address, options, context));
  inTopic("search", "help.search", "[WORD…]")
    .argument("[WORD...]", texts("help.words"))
    .option("--by <NAME>", texts("help.by"), repeated)
    .option("--to <NAME>", texts("help.searchTo"), repeated)
    .option("--kind <KIND>", texts("help.searchKind"), oneOf(MESSAGE_KINDS))
    .option("--state <STATE>", texts("help.searchState"), oneOf(STATES))
    .option("--since <DATE>", texts("help.since"))
    .option("--until <DATE>", texts("help.until"))
    .option("--oldest", texts("help.oldest"))
    .option("--after <SEQ>", texts("help.after"), seq)
    .option("--limit <N>", texts("help.historyLimit"), seq)
    .action((address, words, options) => search(address, words, options, context));
  inTopic("prepared", "help.prepared", "[--use ID [--set NAME=TEXT]…]")
    .option("--use <ID>", texts("help.use"))
    .option("--set <NAME=TEXT>", texts("help.set"), repeated)
    .option("--re <SEQ>", texts("help.re"), seq)
    .option("--to <NAME>", texts("help.to"), repeated)
    .action((address, options) => prepared(address, options, context));
  command("whoami", "help.whoami")
    .usage("ADDRESS --user NAME [--topic TITLE]")
    .option("--topic <TITLE>", texts("help.whoamiTopic"))
    .option("--json", texts("help.json"))
    .action((address, options) => whoami(address, options, context));
  command("passwd", "help.passwd")
    .usage("ADDRESS --user NAME")
    .option("--new-password-fd <N>", texts("help.newPasswordFd"), wholeNumber(0, texts("usage.descriptor")))
    .option("--json", texts("help.json"))
    .action((address, options) => passwd(address, options, context));
}
