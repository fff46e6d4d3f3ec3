/** What JSON can hold, as one reads it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Objects and lists inside each other. Everybody's parser and database read so many. */
export const MAX_JSON_DEPTH = 32;

/**
 * The one way to write an object: RFC 8785 (JCS). No spaces, members in the order of their UTF-16 units, numbers and strings as
 * JavaScript writes them. Members that are `undefined` are left out.
 *
 * @throws {TypeError} Naming the member that JSON does not have: a number that is not finite, half a character, a date, a class
 * of an application, more than `MAX_JSON_DEPTH` inside each other.
 */
export function canonicalJson(object: object): string {
  return write(object, []);
}

/** @returns `undefined` for anything that `canonicalJson` would not have written, and for an object without members. */
export function parseCanonicalJson(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFilledObject(value) && canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it has members: an object without any is as good as none. */
export function isFilledObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

type Path = readonly (string | number)[];

function write(value: unknown, path: Path): string {
  if (typeof value === "object" && value !== null) {
    if (path.length >= MAX_JSON_DEPTH) throw unwritable(path, `nested more than ${MAX_JSON_DEPTH} deep`);
    // `from` also visits what is missing in between.
    if (Array.isArray(value)) return `[${Array.from(value, (one, index) => write(one, [...path, index])).join(",")}]`;
    return writeObject(value, path);
  }
  if (typeof value === "string") return writeString(value, path);
  if (typeof value === "number" && !Number.isFinite(value)) throw unwritable(path, `${value}`);
  // Minus zero is zero here.
  if (typeof value === "number" || typeof value === "boolean" || value === null) return JSON.stringify(value);
  throw unwritable(path, `of the type ${typeof value}`);
}

function writeObject(object: object, path: Path): string {
  const tag = Object.prototype.toString.call(object);
  if (tag !== "[object Object]" || ("toJSON" in object && typeof object.toJSON === "function")) {
    throw unwritable(path, `no plain object but ${tag}`);
  }
  const members = Object.entries(object)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${writeString(name, path)}:${write(member, [...path, name])}`);
  return `{${members.join(",")}}`;
}

/** Half a character has no UTF-8. */
function writeString(text: string, path: Path): string {
  if (!text.isWellFormed()) throw unwritable(path, "no Unicode");
  return JSON.stringify(text);
}

function unwritable(path: Path, what: string): TypeError {
  const place = path.length === 0 ? "it" : path.join(".").slice(0, 100).toWellFormed();
  return new TypeError(`${place} is ${what}`);
}
