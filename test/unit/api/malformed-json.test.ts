import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonObjectOf } from '../../../src/api/json-body.ts';
import { malformedAt } from '../../../src/api/malformed-json.ts';
import { Refusal } from '../../../src/protocol/problems.ts';

/** JSON as different programs format it. */
const json = fc
  .tuple(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, '  ', '\t'), fc.constantFrom('\n', '\r\n'))
  .map(([value, indent, lineBreak]) => JSON.stringify(value, null, indent).replaceAll('\n', lineBreak));
const piece = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\u',
    '\\u00e9',
    'true',
    'fals',
    'null',
    '-',
    '0',
    '12',
    '.',
    'e',
    'E+',
    ' ',
    '\n',
  ],
  ...['\u0000', '\u00a0', '\ufeff', '\u2028', 'é', '\ud83d', '"a"', '"a":', '1.5e3', 'NaN', '//'],
);
/** Fragments of JSON, and JSON with something inserted, removed or cut off. */
const nearly = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc
    .tuple(json, fc.nat(), fc.nat(3), fc.oneof(piece, fc.constant('')))
    .map(([text, at, left, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + left)),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the position where a text stops being JSON', () => {
  it('exists if and only if JSON.parse refuses the text', () => {
    fc.assert(
      fc.property(fc.oneof(json, nearly), (text) => {
        expect(malformedAt(text) === undefined).toBe(parses(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the end of a text that was cut off', () => {
    fc.assert(
      fc.property(json, fc.nat(), (text, length) => {
        const cut = text.slice(0, length % (text.length + 1));
        expect(malformedAt(cut)).toBe(parses(cut) ? undefined : cut.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not depend on what follows it', () => {
    fc.assert(
      fc.property(nearly, fc.oneof(json, nearly), (text, more) => {
        const at = malformedAt(text);
        fc.pre(at !== undefined && at < text.length);
        expect(malformedAt(text + more)).toBe(at);
        expect(malformedAt(text.slice(0, at! + 1))).toBe(at);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['', 0],
    ['  ', 2],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['{a:1}', 1],
    ["{'a':1}", 1],
    ['{"a" 1}', 5],
    ['{"a":1 "b":2}', 7],
    ['[1}', 2],
    ['{"a":1}}', 7],
    ['01', 1],
    ['-x', 1],
    ['1.x', 2],
    ['1e+', 3],
    ['+1', 0],
    ['trux', 3],
    ['"a\nb"', 2],
    ['"\\x"', 2],
    ['"\\u12g4"', 5],
    ['"a', 2],
    ['NaN', 0],
    ['\u00a01', 0],
    ['1 // one', 2],
  ])('in %j is %i', (text, at) => {
    expect(parses(text)).toBe(false);
    expect(malformedAt(text)).toBe(at);
  });

  it('is found at any depth of nesting', () => {
    const depth = 500_000;
    expect(malformedAt('['.repeat(depth))).toBe(depth);
    expect(malformedAt('{"a":'.repeat(depth))).toBe(depth * 5);
    expect(malformedAt('['.repeat(depth) + ']'.repeat(depth))).toBeUndefined();
    expect(malformedAt(`${'['.repeat(depth)}${']'.repeat(depth - 1)}}`)).toBe(depth * 2 - 1);
  });
});

describe('a body that is not a JSON object', () => {
  const messageOf = (bytes: Uint8Array | string, options?: { firstLine: number }) => {
    try {
      jsonObjectOf(Buffer.from(bytes), options);
    } catch (error) {
      if (error instanceof Refusal) return error.problem.errors?.[0]?.message;
      throw error;
    }
    return undefined;
  };
  const base = 'Must be a JSON object in UTF-8.';

  it('is refused with the line and the column, and without its text', () => {
    expect(messageOf('{\n  "headline": "Fire",\n  "bödy 🔥": oops\n}')).toBe(
      `${base} The JSON is malformed at line 3, column 13.`,
    );
    expect(messageOf('{\r\n"a": 1,\r\n}')).toBe(`${base} The JSON is malformed at line 3, column 1.`);
    expect(messageOf('\ufeff{"a":1,}')).toBe(`${base} The JSON is malformed at line 1, column 8.`);
    expect(messageOf('{"a": "')).toBe(`${base} The JSON ends too early, at line 1, column 8.`);
    expect(messageOf('')).toBe(`${base} The JSON ends too early, at line 1, column 1.`);
    expect(messageOf('[1]')).toBe(base);
    expect(messageOf('{"a":1}')).toBeUndefined();
  });

  it('counts its lines from the line of the import', () => {
    expect(messageOf('{"post":', { firstLine: 7 })).toBe(`${base} The JSON ends too early, at line 7, column 9.`);
  });

  it.each([
    ['Latin-1', [0xe9, 0x22], ''],
    ['the beginning of a replacement character', [0xef, 0xbf, 0x22], ''],
    ['a surrogate', [0xed, 0xa0, 0x80], ''],
    ['a truncated character', [0xf0, 0x9f, 0x94], ''],
    ['Latin-1 after a replacement character', [0xe9], '\ufffd'],
  ])('is refused if it is not UTF-8: %s', (_what, bytes, before) => {
    const body = Buffer.concat([Buffer.from(`{\n"é🔥${before}`), Buffer.from(bytes)]);
    expect(messageOf(body)).toBe(`${base} The bytes are not UTF-8 at line 2, column ${4 + before.length}.`);
  });
});
