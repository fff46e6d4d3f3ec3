import type { CustomTypes } from "#custom-types";
import type { JsonObject } from "./canonical-json.ts";

type CustomKind = Exclude<keyof CustomTypes, "annotations">;

/**
 * The metadata of a kind of message, as `CustomTypes` declares it. Where an application declares none at all, any JSON object;
 * where it does so for other kinds only, there is none.
 */
export type MetadataOf<Kind extends string> = [CustomKind] extends [never]
  ? JsonObject
  : Kind extends CustomKind
    ? CustomTypes[Kind]
    : never;

/** What the server's application adds to messages, as `CustomTypes` declares it; any JSON object where it does not. */
export type Annotations = CustomTypes extends { readonly annotations: infer Declared } ? Declared : JsonObject;
