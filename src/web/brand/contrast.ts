import { type Property, type PropertyName, properties } from './properties.ts';

/** Finds texts that are hard to read in the colours of a brand, for a warning at the start. Checks colours that are hexadecimal. */
export interface LowContrast {
  scheme: 'light' | 'dark';
  /** The colour of the text. Not called `text`, because the log removes fields of that name. */
  foreground: PropertyName;
  background: PropertyName;
  /** Rounded down to one decimal. */
  contrast: number;
}

/** Readers with moderately low vision need this contrast for texts of normal size (WCAG 2.2, 1.4.3). */
const leastContrast = 4.5;

/** Colours of text, each with the backgrounds behind it. */
const texts: readonly [foreground: PropertyName, ...backgrounds: PropertyName[]][] = [
  ['--pressbox-ink', '--pressbox-background', '--pressbox-raised', '--pressbox-note'],
  ['--pressbox-quiet', '--pressbox-background', '--pressbox-raised'],
  ['--pressbox-link', '--pressbox-background', '--pressbox-raised'],
  ['--pressbox-accent', '--pressbox-background'],
  ['--pressbox-amber', '--pressbox-background'],
  ['--pressbox-green', '--pressbox-background'],
  ['--pressbox-on-link', '--pressbox-link'],
  ['--pressbox-on-accent', '--pressbox-live'],
  ['--pressbox-on-bar', '--pressbox-bar'],
];

/** The property whose colour is used in place of one that is not set and has no colour of its own. */
const stands: Partial<Record<PropertyName, PropertyName>> = {
  '--pressbox-on-link': '--pressbox-background',
  '--pressbox-on-accent': '--pressbox-background',
  '--pressbox-live': '--pressbox-accent',
  '--pressbox-bar': '--pressbox-background',
  '--pressbox-on-bar': '--pressbox-ink',
};

type Colours = ReadonlyMap<PropertyName, string>;

export function lowContrasts({ light, dark }: { light: Colours; dark: Colours }): LowContrast[] {
  return (['light', 'dark'] as const).flatMap((scheme) => {
    const colourOf = (name: PropertyName): string | undefined => {
      const given = (scheme === 'dark' ? dark.get(name) : undefined) ?? light.get(name);
      const other = stands[name];
      const { fallback }: Property = properties[name];
      return given ?? (other !== undefined ? colourOf(other) : typeof fallback === 'string' ? undefined : fallback[scheme]);
    };
    return texts.flatMap(([foreground, ...backgrounds]) =>
      backgrounds.flatMap((background): LowContrast[] => {
        const ratio = contrastOf(colourOf(foreground), colourOf(background));
        if (ratio === undefined || ratio >= leastContrast) return [];
        return [{ scheme, foreground, background, contrast: Math.floor(ratio * 10) / 10 }];
      }),
    );
  });
}

/** From 1 to 21. Undefined if a colour is not hexadecimal. */
function contrastOf(one: string | undefined, other: string | undefined): number | undefined {
  const [first, second] = [luminanceOf(one), luminanceOf(other)];
  if (first === undefined || second === undefined) return undefined;
  return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
}

/** The relative luminance of WCAG 2.2. */
function luminanceOf(colour = ''): number | undefined {
  const named = { white: '#ffffff', black: '#000000' }[colour.toLowerCase()] ?? colour;
  const long = named.replace(/^#(\w)(\w)(\w)$/, '#$1$1$2$2$3$3');
  if (!/^#[\da-f]{6}$/i.test(long)) return undefined;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(long.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
