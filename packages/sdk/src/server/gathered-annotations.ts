import { utf8 } from "../base/bytes.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../base/canonical-json.ts";

/** What the extensions of a server add to one message, each its own members. */
export class GatheredAnnotations {
  readonly #maxBytes: number;
  readonly #members = new Map<string, JsonValue>();

  /** @param maxBytes Of all together, as JSON. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** `undefined` where nobody has added anything. */
  get all(): JsonObject | undefined {
    // A member may be called `__proto__`: this makes one of it, like of any other.
    return this.#members.size === 0 ? undefined : Object.fromEntries(this.#members);
  }

  /**
   * @param answer What a hook has answered.
   * @throws {TypeError} It is no answer, or does not go with what is there.
   */
  add(answer: unknown): void {
    if (typeof answer !== "object" || answer === null) return;
    const { annotations, ...others } = answer as { readonly annotations?: unknown };
    const [strange] = Object.keys(others);
    if (strange !== undefined) throw new TypeError(`it has answered with "${strange}"; only annotations can be added`);
    if (annotations === undefined) return;
    if (typeof annotations !== "object" || annotations === null || Array.isArray(annotations)) {
      throw new TypeError("its annotations are no object");
    }
    // A copy: what the application does to its own later is of no account.
    const copy = JSON.parse(canonicalJson(annotations)) as JsonObject;
    for (const [name, value] of Object.entries(copy)) {
      if (this.#members.has(name)) throw new TypeError(`another extension has annotated with "${name}" already`);
      this.#members.set(name, value);
    }
    const bytes = utf8(canonicalJson(this.all ?? {})).byteLength;
    if (bytes > this.#maxBytes) {
      throw new TypeError(`with its annotations there are ${bytes} bytes of them, the limit is ${this.#maxBytes}`);
    }
  }
}
