import { fromUtf8, utf8 } from "../base/bytes.ts";
import { canonicalJson, type JsonObject, parseCanonicalJson } from "../base/canonical-json.ts";
import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { MessageKind } from "../base/message-kind.ts";
import type { SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.ts";

/** By kind of message: what its metadata must be. A kind without a schema has none. */
export type MetadataSchemas = { readonly [Kind in MessageKind]?: StandardSchema };

/** How long a schema may take. */
const ANSWER_MS = 5_000;

/** Which metadata messages may have. */
export class MetadataRules {
  readonly #schemas: MetadataSchemas;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** @param context.maxBytes Of annotations: each reader's frame has room for so many. */
  constructor(
    schemas: MetadataSchemas,
    { maxBytes, clock, logger }: { readonly maxBytes: number; readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#schemas = schemas;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Asks the schema of this kind. It gets a copy, and what it makes of it is of no account: it checks, and changes nothing.
   *
   * @param metadata `undefined` where the message has none: the schema decides whether that will do.
   * @returns `undefined` where nothing has to be waited for.
   * @throws {RedRoomError} `METADATA_INVALID`, at once or by the promise.
   */
  check(kind: MessageKind, metadata: JsonObject | undefined): Promise<void> | undefined {
    const schema = this.#schemas[kind];
    if (schema === undefined) {
      if (metadata === undefined) return undefined;
      throw invalid(`this server takes none with the kind ${kind}`);
    }
    let answer: unknown;
    try {
      answer = schema["~standard"].validate(structuredClone(metadata));
    } catch (thrown) {
      throw this.#unanswered(kind, thrown);
    }
    return isPromise(answer) ? this.#wait(kind, answer) : this.#take(kind, answer);
  }

  /**
   * What an application adds on the server is its own affair, but for the size.
   *
   * @throws {RedRoomError} `INTERNAL`, with what is wrong for the log.
   */
  checkAnnotations(annotations: JsonObject | undefined): void {
    if (annotations === undefined) return;
    const bytes = utf8(canonicalJson(annotations)).byteLength;
    if (bytes <= this.#maxBytes) return;
    const reason = `the annotations have ${bytes} bytes, the limit is ${this.#maxBytes}`;
    throw new RedRoomError("INTERNAL", `unable to store a message; ${reason}`);
  }

  async #wait(kind: MessageKind, answer: PromiseLike<unknown>): Promise<void> {
    let end = (): void => {};
    const late = new Promise<never>((_, reject) => {
      const timer = this.#clock.setTimer(() => reject(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
      end = () => timer.cancel();
    });
    const result = await Promise.race([answer, late])
      .catch((thrown: unknown) => Promise.reject(this.#unanswered(kind, thrown)))
      .finally(end);
    this.#take(kind, result);
  }

  #take(kind: MessageKind, result: unknown): undefined {
    if (!isResult(result)) throw this.#unanswered(kind, new TypeError("it answers with something else than a result"));
    const { issues } = result;
    if (issues === undefined) return undefined;
    throw invalid(`of the kind ${kind}: ${issues.slice(0, MAX_TOLD_ISSUES).map(told).join("; ")}`);
  }

  /** Why is for the operator: what a schema throws may tell of the server. */
  #unanswered(kind: MessageKind, thrown: unknown): RedRoomError {
    this.#logger.error({ error: thrown, kind }, "unable to check metadata; its schema gives no answer");
    return invalid("it could not be checked");
  }
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

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";

function isResult(value: unknown): value is SchemaResult {
  if (typeof value !== "object" || value === null) return false;
  const { issues = [] } = value as SchemaResult;
  return Array.isArray(issues) && issues.every((issue: SchemaIssue | null) => typeof issue?.message === "string");
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
