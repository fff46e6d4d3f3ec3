import { fromUtf8 } from "../base/bytes.ts";
import { type JsonObject, parseCanonicalJson } from "../base/canonical-json.ts";
import { RedRoomError } from "../base/errors.ts";
import type { MessageKind } from "../base/message-kind.ts";
import type { HookRunner } from "./hook-runner.ts";
import type { SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.ts";

/** By kind of message: what its metadata must be. A kind without a schema has none. */
export type MetadataSchemas = { readonly [Kind in MessageKind]?: StandardSchema };

/** Which metadata messages may have. */
export class MetadataRules {
  readonly #schemas: MetadataSchemas;
  readonly #runner: HookRunner;

  constructor(schemas: MetadataSchemas, runner: HookRunner) {
    this.#schemas = schemas;
    this.#runner = runner;
  }

  /** Whether `check` has anything to say. */
  decidesOn(kind: MessageKind, metadata: JsonObject | undefined): boolean {
    return metadata !== undefined || this.#schemas[kind] !== undefined;
  }

  /**
   * Asks the schema of this kind. It gets a copy, and what it makes of it is of no account: it checks, and changes nothing.
   *
   * @param metadata `undefined` where the message has none: the schema decides whether that will do.
   * @throws {RedRoomError} `METADATA_INVALID`; of a schema that throws or takes too long what `HookRunner.run` throws.
   */
  async check(kind: MessageKind, metadata: JsonObject | undefined): Promise<void> {
    const schema = this.#schemas[kind]?.["~standard"];
    if (schema === undefined) {
      if (metadata === undefined) return;
      throw invalid(`this server takes none with the kind ${kind}`);
    }
    const name = `metadata.${kind}`;
    const call = () => faultsOf(schema.validate(structuredClone(metadata)));
    const [faults] = await this.#runner.run("take the metadata", [{ name, call }]);
    if (faults !== undefined) throw invalid(`of the kind ${kind}: ${faults}`);
  }
}

/** What is wrong, as a schema says it; `undefined` where nothing is. @throws {TypeError} For what is no answer of a schema. */
async function faultsOf(answer: unknown): Promise<string | undefined> {
  const result: unknown = await answer;
  if (typeof result !== "object" || result === null) throw new TypeError(`its answer is ${result}, no object`);
  const { issues } = result as SchemaResult;
  if (issues?.some(({ message }) => typeof message !== "string")) throw new TypeError("an issue has no message");
  // To name no issue is to refuse, too.
  return issues?.slice(0, MAX_TOLD_ISSUES).map(told).join("; ");
}

/**
 * Reads metadata from a stranger.
 *
 * @throws {RedRoomError} `METADATA_INVALID`.
 */
export function readMetadata(bytes: Uint8Array, maxBytes: number): JsonObject {
  if (bytes.byteLength > maxBytes) throw invalid(`${bytes.byteLength} bytes, the limit is ${maxBytes}`);
  const metadata = parseCanonicalJson(textOf(bytes));
  if (metadata === undefined) throw invalid("it is no object with members in the one form of JSON that is allowed");
  return metadata;
}

function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw invalid("it is not UTF-8");
  }
}

const MAX_TOLD_ISSUES = 3;
const MAX_TOLD_CHARACTERS = 80;

/** `stage: Invalid type: Expected number but received "2"` */
function told({ message, path = [] }: SchemaIssue): string {
  const names = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  return names === "" ? short(message) : `${short(names)}: ${short(message)}`;
}

/** What others have written, on one line. */
const short = (text: string): string =>
  text
    .slice(0, MAX_TOLD_CHARACTERS)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ");

const invalid = (reason: string): RedRoomError =>
  new RedRoomError("METADATA_INVALID", `unable to take the message's metadata; ${reason}`);
