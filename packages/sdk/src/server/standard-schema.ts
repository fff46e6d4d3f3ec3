/**
 * A schema of any library that follows Standard Schema, version 1 (https://standardschema.dev): valibot, zod, arktype and others.
 * These are the parts of its types that are needed to check a value, as the specification allows to copy them.
 */
export interface StandardSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
}

export interface SchemaResult {
  /** What is wrong; absent where nothing is. */
  readonly issues?: readonly SchemaIssue[] | undefined;
}

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export function isSchema(value: unknown): value is StandardSchema {
  const standard = (value as Partial<StandardSchema> | null | undefined)?.["~standard"];
  return standard?.version === 1 && typeof standard.validate === "function";
}
