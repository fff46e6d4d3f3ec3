import { CommanderError } from "commander";
import type { Context } from "./context.ts";
import { evidenceLines } from "./evidence.ts";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import { explain } from "./failure.ts";
import { Output } from "./output.ts";
import { redroomProgram } from "./program.ts";
import { exitProcess } from "./signals.ts";
import { printable } from "./terminal/printable.ts";
import { languageOf, textsIn } from "./texts/texts.ts";
import { explainUsage } from "./usage-error.ts";

const texts = textsIn(languageOf(process.argv.slice(2), process.env));
const output = new Output(process.stdout);
const context: Context = {
  texts,
  output,
  warn: (sentence) => void process.stderr.write(`redroom: ${printable(sentence)}\n`),
};
process.stderr.on("error", () => {}); // nobody listens to our complaints any more

async function run(): Promise<ExitCode> {
  const program = redroomProgram(context);
  try {
    await program.parseAsync();
    return EXIT_CODES.ok;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      const sentence = explainUsage(thrown, texts);
      if (sentence !== undefined) context.warn(sentence);
      return sentence === undefined ? EXIT_CODES.ok : EXIT_CODES.usage;
    }
    const { sentence, exitCode, evidence } = explain(thrown, texts);
    context.warn(sentence);
    if (evidence !== undefined) {
      const json = program.commands.some((command) => command.opts<{ json?: boolean }>().json === true);
      process.stderr.write(`${evidenceLines(evidence, json, texts).join("\n")}\n`);
    }
    return exitCode;
  }
}

const exitCode = await run();
await output.flush();
exitProcess(exitCode);
