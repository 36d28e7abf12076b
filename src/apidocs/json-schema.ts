import { z } from 'zod';
import { type Component, type ComponentName, components } from './components.ts';

/** Converts zod schemas to the JSON Schema (2020-12) of both documents. Components are referred to by name. */

/** The part of JSON Schema that the schemas use. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  discriminator?: { propertyName: string; mapping: Record<string, string> };
}

const place = '#/components/schemas/';

export function refTo(name: ComponentName): JsonSchema {
  return { $ref: `${place}${name}` };
}

/** The component that a reference names. Undefined if the schema is not a reference. */
export function nameOf({ $ref }: JsonSchema): ComponentName | undefined {
  return $ref?.startsWith(place) ? ($ref.slice(place.length) as ComponentName) : undefined;
}

/** The JSON Schema of every component, by name. Computed once, because it is the same for every server. */
export const jsonSchemas: Readonly<Record<ComponentName, JsonSchema>> = convert();

function convert(): Record<ComponentName, JsonSchema> {
  const named = Object.entries(components) as [ComponentName, Component][];
  const registry = z.registry<{ id: string }>();
  for (const [id, { schema }] of named) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `${place}${id}`, io: 'input', target: 'draft-2020-12' });
  const plain = JSON.parse(JSON.stringify(schemas)) as Record<ComponentName, JsonSchema & { $schema?: string; $id?: string }>;
  return Object.fromEntries(
    named.map(([name, component]) => {
      const { $schema: _, $id: __, ...schema } = plain[name];
      return [name, described(tidy(schema, component.closed === true), component, plain)];
    }),
  ) as Record<ComponentName, JsonSchema>;
}

function described(schema: JsonSchema, component: Component, all: Record<string, JsonSchema>): JsonSchema {
  const { description, fields = {}, discriminator } = component;
  const properties = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([field, of]) => [field, { ...of, description: fields[field] ?? '' }]),
  );
  return {
    ...schema,
    description,
    ...(schema.properties && { properties }),
    ...(discriminator !== undefined && { discriminator: mappingOf(schema, discriminator, all) }),
  };
}

/** The schema that each value of the discriminator stands for. */
function mappingOf(schema: JsonSchema, propertyName: string, all: Record<string, JsonSchema>) {
  const forms = schema.oneOf ?? schema.anyOf ?? [];
  const mapping = forms.flatMap(({ $ref = '' }) => {
    const field = all[$ref.slice(place.length)]?.properties?.[propertyName];
    return (field?.enum ?? [field?.const]).map((value) => [String(value), $ref]);
  });
  return { propertyName, mapping: Object.fromEntries(mapping) as Record<string, string> };
}

/**
 * Simplifies the output of zod. Leaves out bounds that only mean "safe integer" and patterns that a format already implies, and
 * writes a nullable type as a list of types.
 */
export function tidy(schema: JsonSchema, closed: boolean): JsonSchema {
  const { properties, items, oneOf, anyOf, additionalProperties, ...rest } = schema;
  if (rest.maximum === Number.MAX_SAFE_INTEGER) delete rest.maximum;
  if (rest.format === 'date-time' || rest.type === 'integer' || rest.type === 'boolean') delete rest.pattern;
  if (rest.type === 'boolean') delete rest.enum;
  const inner = (of: JsonSchema) => tidy(of, closed);
  const tidied: JsonSchema = {
    ...rest,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, inner(of)])) }),
    ...(items && { items: inner(items) }),
    ...(closed && additionalProperties === false && { additionalProperties }),
    ...(oneOf && { oneOf: oneOf.map(inner) }),
  };
  if (anyOf === undefined) return tidied;
  const [value, none, ...others] = anyOf.map(inner);
  const isNullable = value !== undefined && none?.type === 'null' && others.length === 0;
  if (!isNullable || typeof value.type !== 'string') return { ...tidied, anyOf: anyOf.map(inner) };
  return { ...value, type: [value.type, 'null'], ...(value.enum && { enum: [...value.enum, null] }) };
}

/** The named schemas to which the document refers, directly or indirectly, sorted by name. */
export function schemasUsedIn(document: unknown): Partial<Record<ComponentName, JsonSchema>> {
  const found = new Set<ComponentName>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const name = nameOf(node as JsonSchema);
    if (name !== undefined && !found.has(name)) {
      found.add(name);
      walk(jsonSchemas[name]);
    }
    for (const inner of Object.values(node)) walk(inner);
  };
  walk(document);
  return Object.fromEntries([...found].sort().map((name) => [name, jsonSchemas[name]]));
}
