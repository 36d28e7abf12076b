import { describe, expect, it } from 'vitest';
import { readSources, withoutComments } from '../../support/runner/imports.ts';
import { growthOf, linearGrowth } from '../../support/runner/processor.ts';

/**
 * A regular expression that takes quadratic time stops the desk or the server for seconds on 50,000 characters that somebody chose:
 * `#+$` reads a run of `#` again from each of them. A lookbehind, as in `(?<!#)#+$`, lets it begin once.
 */

/** Read only what the operator or this server wrote: settings, the brand, answers of the store, html with its own tags. */
const readsNoStranger = [
  /^(?:src\/web\/pages\/fragment|client\/browser\/view\/direction|client\/browser\/element\/style-sheets)\.ts/,
  /^src\/(?:web\/brand|journal\/redis|apidocs)\//,
  /^src\/(?:config-variables|unknown-settings)\.ts/,
  // Trailing slashes of the server's own address.
  /^(?:src\/(?:newsroom\/render|http\/cookies|protocol\/addresses)|client\/(?:lib\/(?:http|platform)))\.ts:\\\/\+\$$/,
  /^client\/browser\/(?:element\/element|desk\/app\/places)\.ts:\\\/\+\$$/,
];

const literal = /(?<=(?:[=(,:[!&|?{};]|=>|\breturn|\bof)\s*)\/(?![*/\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[dgimsuvy]*/g;
const patterns = [...readSources('src', 'client')]
  .flatMap(([path, source]) =>
    [...withoutComments(source).matchAll(literal)].map(([text]) => {
      const end = text.lastIndexOf('/');
      return { name: `${path}:${text.slice(1, end)}`, source: text.slice(1, end), flags: text.slice(end + 1) };
    }),
  )
  .filter(({ source, flags }) => isPattern(source, flags));
const repeating = patterns.filter(({ source }) => /[*+]|\{\d+,\}/.test(source.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '')));
const examined = repeating.filter(({ name }) => !readsNoStranger.some((exception) => exception.test(name)));

/** A division or the end of a template can look like a pattern. */
function isPattern(source: string, flags: string): boolean {
  try {
    return new RegExp(source, flags) instanceof RegExp;
  } catch {
    return false;
  }
}

/** Texts that the pattern asks for, and parts of them. */
function piecesOf(source: string): string[] {
  const plain = source
    .replace(/\\p\{[^}]*\}|\\[pP]\w/g, 'é')
    .replace(/\\([dwsDWSbBtnrf])/g, (_, kind: string) => ({ d: '0', w: 'a', s: ' ', t: '\t', n: '\n', r: '\r' })[kind] ?? '')
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\(\?(?:[:=!]|<[=!])/g, '(');
  const pieces = new Set(['a', ' ', '\n']);
  for (const [set] of plain.matchAll(/\[(?:\\.|[^\]])+\]/g)) {
    for (const character of set
      .slice(1, -1)
      .replace(/^\^|\\/g, '')
      .slice(0, 3))
      pieces.add(character);
  }
  for (const [text] of plain.replace(/\[(?:\\.|[^\]])+\]/g, '|').matchAll(/(?:\\.|[^\\()*+?|^${}])+/g)) {
    const written = text.replace(/\\/g, '');
    pieces.add(written);
    pieces.add(written[0] as string);
  }
  return [...pieces].slice(0, 7);
}

/** Searches texts that repeat one or two pieces, and end in a character that fits nowhere. */
function search(pattern: RegExp, pieces: readonly string[], characters: number): void {
  const pumps = new Set(pieces.flatMap((first) => ['', ...pieces].map((second) => first + second)));
  for (const pump of pumps) {
    const text = `${pump.repeat(characters / pump.length)}\u0001`;
    if (pattern.global) text.replace(pattern, '');
    else pattern.exec(text);
  }
}

describe('regular expressions over text of strangers', () => {
  it('are found in the source', () => {
    expect(patterns.length).toBeGreaterThan(400);
    expect(repeating.length).toBeGreaterThan(200);
  });

  it('take a time that grows with the length of the text', () => {
    const slow = examined.filter(({ source, flags }) => {
      const [pattern, pieces] = [new RegExp(source, flags), piecesOf(source)];
      return growthOf((characters) => search(pattern, pieces, characters)) >= linearGrowth;
    });
    expect(slow.map(({ name }) => name)).toEqual([]);
  });
});
