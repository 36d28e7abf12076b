import { type LimitTable, valuesOf } from '../../protocol/limit-table.ts';

/** Limits of a brand, which is read at the start and kept in memory. */
export const brandTable = {
  /** Pictures, fonts and text files together. */
  brandFilesMost: {
    value: 64,
    metric: 'pressbox_brand_bytes',
    atLimit: 'A brand with more files stops the start.',
  },
  /** A font or picture. */
  brandFileBytes: {
    value: 1024 * 1024,
    metric: 'pressbox_brand_bytes',
    atLimit: 'A brand with a larger font or picture stops the start.',
  },
  /** `brand.json`, `brand.css`, `header.html` or `footer.html`. */
  brandTextBytes: {
    value: 64 * 1024,
    metric: 'pressbox_brand_bytes',
    atLimit: 'A larger `brand.json`, `brand.css`, `header.html` or `footer.html` stops the start.',
  },
  brandBytes: {
    value: 8 * 1024 * 1024,
    metric: 'pressbox_brand_bytes',
    atLimit: 'A brand whose files are larger together stops the start.',
  },
  brandNameCharacters: {
    value: 100,
    metric: 'pressbox_brand_bytes',
    atLimit: 'A longer name or label in `brand.json` stops the start.',
  },
  brandLinksMost: {
    value: 20,
    metric: 'pressbox_brand_bytes',
    atLimit: 'More `legalLinks` stop the start.',
  },
  brandScriptsMost: {
    value: 8,
    metric: 'pressbox_brand_bytes',
    atLimit: 'More `scripts`, or more `data` of a script, stop the start.',
  },
  brandMistakesMost: {
    value: 100,
    metric: 'pressbox_brand_bytes',
    atLimit: 'Further mistakes in a brand are counted, and not listed.',
  },
  /** Elements inside each other in `header.html` or `footer.html`. */
  brandMarkupDepth: {
    value: 16,
    metric: 'pressbox_brand_bytes',
    atLimit: 'Elements that are nested deeper stop the start.',
  },
} satisfies LimitTable;
export const brandLimits = valuesOf(brandTable);
