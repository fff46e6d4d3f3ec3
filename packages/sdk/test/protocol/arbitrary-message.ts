import fc from "fast-check";
import { MESSAGES, type Message, type MessageType } from "../../src/protocol/messages.ts";

/** The part of valibot's schemas that the table of messages uses. */
interface Schema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly item?: Schema;
  readonly wrapped?: Schema;
  readonly options?: readonly string[];
  readonly pipe?: readonly { readonly type: string; readonly requirement?: unknown }[];
}

/** Any value that the schema accepts. */
function arbitrary(schema: Schema): fc.Arbitrary<unknown> {
  const requirement = (type: string): unknown => schema.pipe?.find((action) => action.type === type)?.requirement;
  switch (schema.type) {
    case "strict_object": {
      const members = Object.entries(schema.entries ?? {});
      const values = members.map(([name, member]) => [name, arbitrary(member.wrapped ?? member)] as const);
      const required = members.filter(([, member]) => member.type !== "exact_optional").map(([name]) => name);
      const model: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(values);
      return fc.record(model, { requiredKeys: required, noNullPrototype: true });
    }
    case "array":
      return fc.array(arbitrary(schema.item as Schema), {
        minLength: (requirement("min_length") as number | undefined) ?? 0,
        maxLength: (requirement("max_length") as number | undefined) ?? 8,
      });
    case "number":
      return fc.oneof(
        fc.maxSafeNat().map((value) => Math.max(value, requirement("min_value") as number)),
        fc.integer({ min: requirement("min_value") as number, max: 300 }),
      );
    case "string": {
      const pattern = requirement("regex") as RegExp | undefined;
      if (pattern !== undefined) return fc.stringMatching(pattern);
      const minLength = (requirement("min_length") as number | undefined) ?? 0;
      return fc.oneof(
        fc.string({ unit: "binary", minLength, maxLength: 60 }),
        fc.string({ unit: "grapheme", minLength, maxLength: 300 }),
      );
    }
    case "boolean":
      return fc.boolean();
    case "picklist":
      return fc.constantFrom(...(schema.options ?? []));
    default:
      throw new Error(`no arbitrary for ${schema.type}`);
  }
}

const body = fc.oneof(fc.uint8Array({ maxLength: 700 }), fc.uint8Array({ minLength: 16_000, maxLength: 70_000 }));

/** Any message that may travel. */
export const arbitraryMessage: fc.Arbitrary<Message> = fc.oneof(
  ...(Object.keys(MESSAGES) as MessageType[]).map((type) => {
    const head = arbitrary(MESSAGES[type].head as unknown as Schema) as fc.Arbitrary<object>;
    return fc
      .tuple(head, MESSAGES[type].body ? body : fc.constant(undefined))
      .map(([members, bytes]) => ({ type, ...members, ...(bytes && { body: bytes }) }) as Message);
  }),
);
