/** The custom properties that `brand.css` and pages with the element may set. The table in the docs is generated from this one. */
export interface Property {
  kind: PropertyKind;
  on: 'pages and element' | 'pages' | 'element';
  meaning: string;
  /** The variable that the style sheets of pages use in place of the property. */
  variable?: string;
  /** For colours in light mode and in dark mode, otherwise one value. */
  fallback: Fallback;
  /** The default of the element, if it differs from that of pages. */
  elementFallback?: Fallback;
}

export type PropertyKind = 'colour' | 'fonts' | 'length';
type Fallback = string | { light: string; dark: string };

const both = 'pages and element';
const serif = 'ui-serif, "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, "Times New Roman", serif';
const sans = '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif';

function colour(variable: string, light: string, dark: string, meaning: string): Property {
  return { kind: 'colour', on: both, variable, fallback: { light, dark }, meaning };
}

export const properties = {
  '--pressbox-background': {
    ...colour('--paper', '#fdfcf9', '#15161a', 'Background.'),
    elementFallback: { light: '#ffffff', dark: '#15161a' },
  },
  '--pressbox-raised': {
    ...colour('--raised', '#f4f1ea', '#1e2025', 'Background of panels: notes, the pinned post and empty picture boxes.'),
    elementFallback: { light: '#f5f3ee', dark: '#1e2025' },
  },
  '--pressbox-ink': colour('--ink', '#1b1a18', '#e9e6df', 'Text.'),
  '--pressbox-quiet': colour('--quiet', '#66625a', '#a19c92', 'Secondary text: times, bylines, captions.'),
  '--pressbox-rule': colour('--rule', '#ddd8cd', '#34363c', 'Thin lines.'),
  '--pressbox-strong-rule': colour('--strong-rule', '#1b1a18', '#8d887e', 'Stronger lines.'),
  '--pressbox-link': colour('--link', '#1f4f82', '#92bdec', 'Links and buttons.'),
  '--pressbox-on-link': {
    kind: 'colour',
    on: both,
    variable: '--on-link',
    meaning: 'Text on a button.',
    fallback: 'the background',
    elementFallback: { light: '#ffffff', dark: '#15161a' },
  },
  '--pressbox-accent': colour('--red', '#a8201a', '#ff8a80', 'Section, breaking news, key events and errors.'),
  '--pressbox-on-accent': {
    kind: 'colour',
    on: both,
    variable: '--on-red',
    meaning: 'Text on the accent colour.',
    fallback: 'the background',
    elementFallback: { light: '#ffffff', dark: '#15161a' },
  },
  '--pressbox-live': {
    kind: 'colour',
    on: both,
    fallback: 'the accent colour',
    meaning: 'Background of “Live”, whose text is `--pressbox-on-accent`.',
  },
  '--pressbox-amber': colour('--amber', '#8a5300', '#eab765', 'Corrections and unverified posts.'),
  '--pressbox-green': colour('--green', '#1c6b3f', '#7fcf9f', 'Verified posts, and the dot of a live connection.'),
  '--pressbox-note': colour('--note', '#fbf3dd', '#2b2619', 'Background of a correction.'),
  '--pressbox-bar': {
    kind: 'colour',
    on: 'pages',
    fallback: 'the background',
    meaning: 'Background of the bar at the top.',
  },
  '--pressbox-on-bar': { kind: 'colour', on: 'pages', fallback: 'the text colours', meaning: 'Text in the bar.' },
  '--pressbox-font': { kind: 'fonts', on: both, variable: '--serif', fallback: serif, meaning: 'Font of texts.' },
  '--pressbox-font-headline': { kind: 'fonts', on: both, fallback: 'the font of texts', meaning: 'Font of headlines.' },
  '--pressbox-font-ui': { kind: 'fonts', on: both, variable: '--sans', fallback: sans, meaning: 'Font of the interface.' },
  '--pressbox-radius': {
    kind: 'length',
    on: both,
    fallback: 'round buttons, `0.5rem` for panels above the page, else square',
    meaning: 'Radius of corners.',
  },
  '--pressbox-measure': { kind: 'length', on: both, fallback: '42rem', meaning: 'Maximum width of a line of text.' },
  '--pressbox-size': {
    kind: 'length',
    on: 'element',
    fallback: 'max(1rem, 16px)',
    meaning: 'Unit of all sizes; `1rem` in this table.',
  },
  '--pressbox-padding': { kind: 'length', on: 'element', fallback: '1rem', meaning: 'Space around everything.' },
  '--pressbox-min-height': { kind: 'length', on: 'element', fallback: '100vh', meaning: 'Minimum height.' },
  '--pressbox-height': { kind: 'length', on: 'element', fallback: '576px', meaning: 'Height with the attribute `scroll`.' },
  '--pressbox-between-height': {
    kind: 'length',
    on: 'element',
    fallback: 'the height of the content',
    meaning: 'Height that each slot between posts reserves for content of the page.',
  },
  '--pressbox-sticky-top': {
    kind: 'length',
    on: 'element',
    fallback: '0.75rem',
    meaning: 'Height of a bar at the top of your page. Posts are scrolled to below it, and do not count as seen behind it.',
  },
} as const satisfies Record<`--pressbox-${string}`, Property>;

export type PropertyName = keyof typeof properties;

export function isProperty(name: string): name is PropertyName {
  return Object.hasOwn(properties, name);
}

/** The properties as a table in Markdown, for the docs. */
export function propertyTable(where: 'pages' | 'element'): string {
  const rows = Object.entries(properties as Record<string, Property>)
    .filter(([, { on }]) => on === both || on === where)
    .map(([name, { kind, meaning, fallback, elementFallback = fallback }]) => {
      const used = where === 'element' ? elementFallback : fallback;
      return `| \`${name}\` | ${kind} | ${typeof used === 'string' ? shown(used) : `${shown(used.light)}; dark ${shown(used.dark)}`} | ${meaning} |`;
    });
  return ['| name | value | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** CSS as code, and words as they are. */
function shown(value: string): string {
  return /^[#\d]|^[\w-]+\(|, /.test(value) && !value.includes('`') ? `\`${value}\`` : value;
}
