import { readFile } from "node:fs/promises";
import { memberPolicy, type Policy, RedRoomError, roomPolicy } from "@redroom/sdk";
import { DEFAULT_PORT } from "@redroom/sdk/protocol";
import * as v from "valibot";

/** What `policy` may be, and who may do what by it. */
const POLICIES: Readonly<Record<"roles" | "members", Policy>> = { roles: roomPolicy, members: memberPolicy };

const schema = v.strictObject({
  host: v.optional(v.pipe(v.string(), v.nonEmpty()), "127.0.0.1"),
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)), DEFAULT_PORT),
  policy: v.optional(v.picklist(["roles", "members"]), "roles"),
});

/** What `config.json` holds. */
export interface Config {
  /** Where to listen: an IP address of this machine; `0.0.0.0` or `::` for all of them. */
  readonly host: string;
  readonly port: number;
  /** Who may do what in a topic: by `roles` what a deal room gives to each; or all `members` all that a plain chat needs. */
  readonly policy: "roles" | "members";
}

export const DEFAULT_CONFIG: Config = v.parse(schema, {});

/**
 * @returns `undefined` where there is no such file.
 * @throws {RedRoomError} `OPTIONS_INVALID`, naming the key.
 */
export async function readConfig(file: string): Promise<Config | undefined> {
  const refuse = (reason: string, cause?: unknown) =>
    new RedRoomError("OPTIONS_INVALID", `unable to use ${file}; ${reason}`, {
      cause,
      remedy: "correct it, or delete it to have it written again with the defaults",
    });
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw refuse((cause as Error).message, cause);
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
  const checked = v.safeParse(schema, Array.isArray(data) ? undefined : data);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  const key = v.getDotPath(issue);
  if (key === null) throw refuse("it is not a JSON object");
  throw refuse(key in schema.entries ? `"${key}" is wrong: ${issue.message}` : `there is no setting "${key}"`);
}

export const policyOf = ({ policy }: Config): Policy => POLICIES[policy];

export const formatConfig = (config: Config): string => `${JSON.stringify(config, null, 2)}\n`;
