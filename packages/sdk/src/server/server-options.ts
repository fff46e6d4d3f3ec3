import { createHash } from "node:crypto";
import { utf8 } from "../base/bytes.ts";
import { type Clock, LONGEST_DELAY_MS, systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { MESSAGE_KINDS } from "../base/message-kind.ts";
import { type Limits, resolveLimits } from "../protocol/limits.ts";
import type { MessageOf } from "../protocol/messages.ts";
import { type Policy, roomPolicy } from "../rules/policy.ts";
import type { ServedStore } from "../store/served-store.ts";
import { quicTransport, type TlsIdentity } from "../transport/quic/quic-transport.ts";
import type { Transport } from "../transport/transport.ts";
import type { Extension } from "./extension.ts";
import type { MetadataSchemas } from "./metadata-rules.ts";
import { HOOK_NAMES, hooksNamed } from "./named-hook.ts";
import { type QuotaOptions, type Quotas, resolveQuotas } from "./quotas.ts";
import { isSchema } from "./standard-schema.ts";

/** The hooks among them are the server's first extension. */
export interface RedRoomServerOptions extends Omit<Extension, "name"> {
  /** The server's certificate and key (PEM), for QUIC. Either this or `transport` is needed. */
  readonly tls?: TlsIdentity;
  /** A transport made by yourself, such as the memory transport in a test. */
  readonly transport?: Transport;
  /** Where the topics live. The server opens it in `listen` and closes it in `close`. */
  readonly store: ServedStore;
  /** What else has hooks, called in this order. */
  readonly extensions?: readonly Extension[];
  /** How long the hooks of all extensions may take to answer once, from 1 to 10,000; 5,000 by default. */
  readonly hookTimeoutMs?: number;
  /**
   * What users have to consent to before anything is served: the text of your information about the processing of personal
   * data, at most 65,536 bytes. Another text has to be consented to anew. For users of the store only.
   */
  readonly consent?: { readonly text: string };
  /** How large things may be; told to every client. */
  readonly limits?: Partial<Limits>;
  /**
   * What the metadata of messages must be, by kind: schemas of any library that follows Standard Schema, such as valibot or
   * zod. They are asked for each message of the kind, with `undefined` where it has none, and have `hookTimeoutMs`, like hooks.
   * They check and change nothing: what the author has sent is stored. A kind without a schema has no metadata; by default none has.
   */
  readonly metadata?: MetadataSchemas;
  /** Who may do what in a topic; `roomPolicy`, the roles of a deal room, by default. */
  readonly policy?: Policy;
  /** Whether members see who is writing; `false` by default. */
  readonly typingNotices?: boolean;
  /** How much a connection, an address and a user may ask for; generous by default, see `DEFAULT_QUOTAS`. */
  readonly quotas?: QuotaOptions;
  /**
   * Clients show at least this often that they are there; 10,000 by default. Two silent intervals end a connection. With
   * `tls` at most 20,000: after 30,000 ms of silence QUIC ends the connection by itself.
   */
  readonly heartbeatMs?: number;
  /** How long a connection may take to log in; 5,000 by default. */
  readonly loginTimeoutMs?: number;
  /** How long a session waits for its client to come back; 600,000 by default. */
  readonly sessionTtlMs?: number;
  /** How long a reader may take nothing of what it is sent, before it is cut off; 30,000 by default. */
  readonly slowConsumerMs?: number;
  /** Bytes of entries read from the store that one connection may have waiting to be sent; 4 MiB by default. */
  readonly maxPeerBytes?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** The options with their defaults, checked. */
export interface ServerSettings {
  readonly transport: Transport;
  readonly store: ServedStore;
  /** The options themselves first. */
  readonly extensions: readonly Extension[];
  readonly hookTimeoutMs: number;
  readonly policy: Policy;
  readonly typingNotices: boolean;
  readonly metadata: MetadataSchemas;
  readonly consent: MessageOf<"consentNeeded"> | undefined;
  readonly limits: Limits;
  readonly quotas: Quotas;
  readonly heartbeatMs: number;
  readonly loginTimeoutMs: number;
  readonly sessionTtlMs: number;
  readonly slowConsumerMs: number;
  readonly maxPeerBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Each with its default, and the highest that it may be. */
const NUMBERS = {
  heartbeatMs: [10_000, LONGEST_DELAY_MS],
  loginTimeoutMs: [5_000, LONGEST_DELAY_MS],
  sessionTtlMs: [600_000, LONGEST_DELAY_MS],
  slowConsumerMs: [30_000, LONGEST_DELAY_MS],
  maxPeerBytes: [4 * 1024 * 1024, 2 ** 40],
  // Twice as long is less than a login may take to be checked.
  hookTimeoutMs: [5_000, 10_000],
} as const;

const LONGEST_QUIC_HEARTBEAT_MS = 20_000;

/** @throws {RedRoomError} `OPTIONS_INVALID`, naming the option. */
export function resolveServerOptions(options: RedRoomServerOptions): ServerSettings {
  const { store, tls, policy = roomPolicy, typingNotices = false } = options;
  const { logger = silentLogger, clock = systemClock } = options;
  const extensions = extensionsOf(options);
  const logins = hooksNamed(extensions, "authenticate").length;
  if (logins === 0 && store.users === undefined) {
    throw optionsInvalid("the store has no users, so `authenticate` is needed");
  }
  const transport = options.transport ?? (tls && quicTransport({ tls }));
  if (transport === undefined) throw optionsInvalid("either `tls` or `transport` is needed");
  const number = (name: keyof typeof NUMBERS, highest: number = NUMBERS[name][1]): number => {
    const value = options[name] ?? NUMBERS[name][0];
    if (Number.isSafeInteger(value) && value >= 1 && value <= highest) return value;
    throw optionsInvalid(`${name} is ${value}, not a whole number from 1 to ${highest}`);
  };
  const [limits, quotas] = [resolveLimits(options.limits), resolveQuotas(options.quotas)];
  return {
    transport,
    store,
    extensions,
    hookTimeoutMs: number("hookTimeoutMs"),
    policy,
    typingNotices,
    metadata: schemasOf(options),
    consent: consentOf(options, logins > 0),
    limits,
    quotas,
    heartbeatMs: number("heartbeatMs", options.transport ? LONGEST_DELAY_MS : LONGEST_QUIC_HEARTBEAT_MS),
    loginTimeoutMs: number("loginTimeoutMs"),
    sessionTtlMs: number("sessionTtlMs"),
    slowConsumerMs: number("slowConsumerMs"),
    maxPeerBytes: number("maxPeerBytes"),
    logger,
    clock,
  };
}

/** @throws {RedRoomError} `OPTIONS_INVALID`. */
function schemasOf({ metadata = {} }: RedRoomServerOptions): MetadataSchemas {
  for (const [kind, schema] of Object.entries(metadata)) {
    if (!(MESSAGE_KINDS as readonly string[]).includes(kind))
      throw optionsInvalid(`metadata.${kind} is no kind of message`);
    if (!isSchema(schema)) throw optionsInvalid(`metadata.${kind} is no Standard Schema of version 1`);
  }
  return metadata;
}

/** @throws {RedRoomError} `OPTIONS_INVALID`. */
function extensionsOf(options: RedRoomServerOptions): readonly Extension[] {
  const { extensions = [] } = options;
  if (!Array.isArray(extensions)) throw optionsInvalid("`extensions` is no array");
  const all: readonly Extension[] = [options, ...extensions];
  for (const [index, extension] of all.entries()) {
    if (typeof extension !== "object" || extension === null) throw optionsInvalid(`extension ${index} is no object`);
    const strange = HOOK_NAMES.find((name) => !["undefined", "function"].includes(typeof extension[name]));
    if (strange !== undefined) throw optionsInvalid(`${strange} is ${typeof extension[strange]}, not a function`);
  }
  const logins = hooksNamed(all, "authenticate").map(({ name }) => name);
  if (logins.length > 1) throw optionsInvalid(`only one extension can authenticate, not ${logins.join(" and ")}`);
  return all;
}

const MAX_CONSENT_BYTES = 65_536;

/** The text as it travels, and the hash by which consents to it are known. @throws {RedRoomError} `OPTIONS_INVALID`. */
function consentOf({ consent }: RedRoomServerOptions, ownLogin: boolean): MessageOf<"consentNeeded"> | undefined {
  if (consent === undefined) return undefined;
  if (ownLogin) throw optionsInvalid("`consent` is kept with the users of the store, not of `authenticate`");
  const body = utf8(consent.text);
  if (consent.text.trim() === "" || !consent.text.isWellFormed() || body.byteLength > MAX_CONSENT_BYTES) {
    throw optionsInvalid(`consent.text has ${body.byteLength} bytes, not 1 to ${MAX_CONSENT_BYTES} of Unicode text`);
  }
  return { type: "consentNeeded", digest: createHash("sha256").update(body).digest("base64url"), body };
}

/** What `close` may be told: milliseconds, of which a fraction counts as a whole one. @throws {RedRoomError} `OPTIONS_INVALID`. */
export function wholeMs(name: string, value: number): number {
  if (value >= 0 && value <= LONGEST_DELAY_MS) return Math.ceil(value);
  throw optionsInvalid(`${name} is ${value}, not a number from 0 to ${LONGEST_DELAY_MS}`);
}

export const optionsInvalid = (reason: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to serve; ${reason}`);
