import { type Property, type PropertyName, properties } from './properties.ts';
import type { FontFace, StyleSheet } from './style-sheet.ts';

/** Writes the style sheets that browsers get. `addressOf`: the URL of a file of the brand. */

/** For pages, whose own style sheets use variables in place of some properties. Printed pages keep black on white. */
export function pageSheetOf({ faces, light, dark }: StyleSheet, addressOf: (file: string) => string): string {
  const variables = (given: ReadonlyMap<PropertyName, string>, kinds: readonly Property['kind'][]) =>
    [...given.keys()].flatMap((name) => {
      const { variable, kind }: Property = properties[name];
      return variable !== undefined && kinds.includes(kind) ? [`${variable}:var(${name});`] : [];
    });
  return [
    ...faces.map((face) => fontFace(face, addressOf)),
    root([...declarations(light), ...variables(light, ['fonts', 'length'])]),
    media('screen', root(variables(light, ['colour']))),
    media('screen and (prefers-color-scheme:dark)', root(declarations(dark))),
  ].join('');
}

/** For frames, whose colour scheme may differ from that of the device: `theme=light` on a dark device. */
export function frameSheetOf({ faces, light, dark }: StyleSheet, addressOf: (file: string) => string): string {
  const isColour = (name: PropertyName) => properties[name].kind === 'colour';
  const ofBoth = new Map(
    [...light].map(([name, value]) => [
      name,
      dark.has(name) && isColour(name) ? `light-dark(${value},${dark.get(name)})` : value,
    ]),
  );
  const others = new Map([...dark].filter(([name]) => !isColour(name)));
  return [
    ...faces.map((face) => fontFace(face, addressOf)),
    root(declarations(ofBoth)),
    media('(prefers-color-scheme:dark)', root(declarations(others))),
  ].join('');
}

function declarations(given: ReadonlyMap<PropertyName, string>): string[] {
  return [...given].map(([name, value]) => `${name}:${value};`);
}

function root(lines: readonly string[]): string {
  return lines.length > 0 ? `:root{${lines.join('')}}` : '';
}

function media(query: string, rules: string): string {
  return rules === '' ? '' : `@media ${query}{${rules}}`;
}

function fontFace({ descriptors, sources }: FontFace, addressOf: (file: string) => string): string {
  const src = sources.map(({ file, hints }) => `url("${addressOf(file)}")${hints}`);
  return `@font-face{${descriptors.map(([name, value]) => `${name}:${value};`).join('')}src:${src.join(',')}}`;
}
