import fc from 'fast-check';

/**
 * Makes values from a JSON Schema: values that match, values that match except at one place, and arbitrary values. The schema
 * does not contain the refinements of zod, so a matching value is nearly always valid. The server decides.
 */
interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  format?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

export function fromSchema(root: object): fc.Arbitrary<unknown> {
  const { $defs = {} } = root as Schema;
  const make = (schema: Schema): fc.Arbitrary<unknown> => {
    if (schema.$ref !== undefined) return make($defs[schema.$ref.split('/').at(-1) as string] ?? {});
    if ('const' in schema) return fc.constant(schema.const);
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const some = schema.anyOf ?? schema.oneOf;
    if (some !== undefined) return fc.oneof(...some.map(make));
    switch (schema.type) {
      case 'object': {
        const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, byName[name] ?? make(field)]);
        return fc.record(Object.fromEntries(fields), { requiredKeys: (schema.required ?? []) as never[] });
      }
      case 'array':
        return fc.array(make(schema.items ?? {}), {
          minLength: schema.minItems ?? 0,
          maxLength: Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 3),
        });
      case 'integer':
      case 'number':
        return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1_000, 1_000_000) });
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'string':
        return stringOf(schema);
      default:
        return garbage;
    }
  };
  return make(root as Schema);
}

function stringOf({ pattern, format, minLength = 0, maxLength = 300 }: Schema): fc.Arbitrary<string> {
  if (format === 'uri') return fc.webUrl({ validSchemes: ['https'] });
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter((text) => text.length <= 300);
  const plain = fc.constantFrom(...'abc <&*_[]()`é漢א'.split(''));
  const most = Math.min(maxLength, 40);
  return fc.string({ unit: plain, minLength, maxLength: most }).map((text) => (minLength > 0 && text.trim() === '' ? 'a' : text));
}

/** Names with refinements beyond their schema. */
const byName: Record<string, fc.Arbitrary<unknown>> = {
  language: fc.constantFrom('en', 'de-AT', 'ar'),
  timezone: fc.constantFrom('UTC', 'Europe/Vienna'),
  derivedFrom: fc.constant([]),
  pinnedPostId: fc.constant(null),
};

/** Characters that often reveal errors in encoding or escaping. */
const oddCharacter = fc.constantFrom(
  ...[
    '\0',
    '\u0007',
    '\u001b',
    '\u0085',
    '\u200b',
    '\u200e',
    '\u202e',
    '\u2066',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '\uffff',
    '\ud800',
    '\udc00',
  ],
  ...['🌕', 'e\u0301', 'א', '\u0130', 'ß', '\\', '"', "'", '/', '%00', '..', '\r\n', '\t'],
);

/** Any JSON value, with names that are special in JavaScript. */
export const garbage: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(
    fc.constantFrom('__proto__', 'constructor', 'toString', 'headline', 'id', 'limit', 'after'),
    fc.jsonValue({ maxDepth: 2 }),
    {
      maxKeys: 4,
    },
  ),
);

/** A value with one place changed: another type, another number, removed, or duplicated. */
export function nearly(fits: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const other = fc.oneof(
    fc.constantFrom(
      null,
      '',
      ' ',
      0,
      -1,
      1.5,
      1e308,
      true,
      [],
      {},
      [[]],
      '\0',
      '\ud800',
      'x'.repeat(2_100),
      Array(101).fill(null),
    ),
    garbage,
    fc.string({ unit: oddCharacter, maxLength: 20 }),
  );
  return fc
    .tuple(fits, fc.nat(), other, fc.constantFrom('replace', 'remove', 'add', 'rename'))
    .map(([value, at, instead, how]) => {
      const copy: unknown = structuredClone(value);
      const places = placesIn(copy);
      const place = places[at % Math.max(1, places.length)];
      if (place === undefined) return instead;
      const { inside, key } = place;
      if (how === 'remove') delete inside[key];
      else if (how === 'rename') {
        inside[`${key}\u200b`] = inside[key];
        delete inside[key];
      } else if (how === 'add') inside[`more-${key}`] = instead;
      else inside[key] = instead;
      return copy;
    });
}

type Inside = Record<string, unknown>;

function placesIn(value: unknown): { inside: Inside; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = value as Inside;
  return Object.keys(inside).flatMap((key) => [{ inside, key }, ...placesIn(inside[key])]);
}
