import { isProperty, type PropertyKind } from './properties.ts';

/**
 * Checks the values of properties. A value that a browser does not understand would make the property fall back silently, and a
 * page unreadable.
 */

/** A sentence that says what is wrong with the value. Undefined if it is accepted. */
export function valueFault(kind: PropertyKind, value: string): string | undefined {
  return isAccepted[kind](value) ? undefined : `must be ${expected[kind]}.`;
}

const expected: Readonly<Record<PropertyKind, string>> = {
  colour: 'a colour: #rrggbb, white, black, transparent, or a function such as rgb(…), oklch(…) or light-dark(…)',
  fonts: 'names of fonts separated by commas, such as "Harbour Serif", Georgia, serif',
  length: 'a length such as 4px or 1.5rem',
};

const isAccepted: Readonly<Record<PropertyKind, (value: string) => boolean>> = {
  colour: (value) =>
    /^(?:#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|white|black|transparent)$/i.test(value) ||
    isCallOf(value, colourFunctions, calculations),
  fonts: (value) =>
    /^(?:"[^"]+"|'[^']+'|-?[a-z][\w-]*(?: [a-z][\w-]*)*)(?: ?, ?(?:"[^"]+"|'[^']+'|-?[a-z][\w-]*(?: [a-z][\w-]*)*))*$/i.test(
      value,
    ),
  length: (value) => /^(?:0|\d*\.?\d+(?:px|rem|em|ch|vw|vh|svh|dvh|%))$/.test(value) || isCallOf(value, calculations),
};

const colourFunctions = 'rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark var'.split(' ');
const calculations = 'calc min max clamp'.split(' ');

/** Whether the value is a call of one of these functions, with only these and `more` inside. */
function isCallOf(value: string, functions: readonly string[], more: readonly string[] = []): boolean {
  const [, outer] = /^([a-z-]+)\([\w\s#.,%/+*()-]*\)$/i.exec(value) ?? [];
  if (outer === undefined || !functions.includes(outer.toLowerCase()) || !isBalanced(value)) return false;
  const calls = [...value.matchAll(/([\w-]+)\(/g)].map(([, name = '']) => name.toLowerCase());
  if (!calls.every((name) => functions.includes(name) || more.includes(name))) return false;
  return [...value.matchAll(/\bvar\(\s*([^\s,)]*)/gi)].every(([, name = '']) => isProperty(name));
}

function isBalanced(value: string): boolean {
  let depth = 0;
  for (const character of value) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    // The first parenthesis closes only at the end.
    if (depth < 0) return false;
  }
  return depth === 0;
}
