import type { Language } from '../../i18n/languages.ts';

/** Figures in running text, however they are written: `4,700`, `4.700`, `4 700`, `٤٧٠٠` and `4.7 thousand` are the same. Pure. */

/** Finds figures, with their separators. A space separates groups of three digits only. */
export const figurePattern =
  /(?<![\p{L}\p{M}\p{N}])(?:\p{Nd}{1,3}(?:[ \u00a0\u2009\u202f]\p{Nd}{3})+(?!\p{Nd})(?:[.,٫]\p{Nd}+)?|\p{Nd}+(?:[.,٫٬’':/]\p{Nd}+)*)/gu;

/** Signs that belong to a figure as a unit does. Each counts as a word. */
export const unitSign = /[%٪‰€$£¥°]/gu;

/** Units that are written without a space after the figure. Other letters make a word of both, such as `20th`. */
export const unitLetters =
  /^(?:[mck]?m|k?g|t|[mcd]?l|[kMGT]?Wh?|[kMG]B|[kMG]?Hz|km|mph|kn|ha|h|min|s|bn|[mM]|C|F|Uhr|Mio|Mrd|Prozent)$/u;

/**
 * The same for equal figures. A point or comma before exactly three digits separates thousands, whatever the language, because
 * reporters and agencies write both.
 */
export function figureKey(text: string): string {
  const figure = latinDigits(text).replace(/[ \u00a0\u2009\u202f’'٬]/g, '');
  if (/[:/]/.test(figure)) return figure.replace(/^0(?=\d:)/, '');
  const [whole = '', fraction] = figure.includes('٫') ? figure.replace(/[.,]/g, '').split('٫') : partsOf(figure);
  return withFraction(whole, fraction ?? '');
}

/** Splits at the decimal separator. A figure that has several, such as a date, is left whole. */
function partsOf(figure: string): [whole: string, fraction?: string] {
  if (/^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/.test(figure)) return figure.replaceAll(',', '').split('.') as [string, string?];
  if (/^[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?$/.test(figure)) return figure.replaceAll('.', '').split(',') as [string, string?];
  const parts = figure.split(/[.,]/);
  return parts.length === 2 ? (parts as [string, string]) : [parts.join('.')];
}

function withFraction(whole: string, fraction: string): string {
  const significant = fraction.replace(/(?<!0)0+$/, '');
  return significant === '' ? whole : `${whole}.${significant}`;
}

/** The figure times a power of ten. Undefined if it is a time, a date or a fraction. */
export function scaled(key: string, exponent: number): string | undefined {
  const [, whole = '', fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(key) ?? [];
  if (whole === '') return undefined;
  const digits = fraction.padEnd(exponent, '0');
  const shifted = (whole + digits.slice(0, exponent)).replace(/^0+(?=\d)/, '');
  return withFraction(shifted, digits.slice(exponent));
}

/** Every script's decimal digits as those of the Latin script. */
export function latinDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => String(digitValue(digit.codePointAt(0) as number)));
}

/** Digits of a script follow each other from its zero, in Unicode. */
function digitValue(code: number): number {
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before += 1;
  return before % 10;
}

/** The words of figures in a language, in lower case. */
export interface FigureWords {
  numbers: ReadonlyMap<string, string>;
  /** The powers of ten that they multiply by. */
  scales: ReadonlyMap<string, number>;
}

const made = new Map<Language, FigureWords>();

export function figureWordsIn(language: Language | undefined): FigureWords {
  if (language === undefined) return { numbers: new Map(), scales: new Map() };
  const { numbers, scales } = byLanguage[language];
  const words = made.get(language) ?? {
    // "One" is also an article or a pronoun.
    numbers: new Map(numbers.flatMap((forms, at) => forms.split('|').map((form) => [form, String(at + 2)] as const))),
    scales: new Map(Object.entries(scales)),
  };
  made.set(language, words);
  return words;
}

/** `numbers`: from two on. */
const byLanguage: Readonly<Record<Language, { numbers: string[]; scales: Record<string, number> }>> = {
  en: {
    numbers:
      'two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(
        ' ',
      ),
    scales: { thousand: 3, million: 6, millions: 6, billion: 9, billions: 9, bn: 9, trillion: 12 },
  },
  de: {
    numbers:
      'zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig'.split(
        ' ',
      ),
    scales: { tausend: 3, million: 6, millionen: 6, mio: 6, milliarde: 9, milliarden: 9, mrd: 9, billion: 12, billionen: 12 },
  },
  fr: {
    numbers: 'deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize'.split(' '),
    scales: { mille: 3, million: 6, millions: 6, milliard: 9, milliards: 9, billion: 12, billions: 12 },
  },
  es: {
    numbers:
      'dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte'.split(
        ' ',
      ),
    scales: { mil: 3, millón: 6, millones: 6, billón: 12, billones: 12 },
  },
  ar: {
    numbers: [
      'اثنان|اثنين|اثنتان|اثنتين',
      'ثلاث|ثلاثة',
      'أربع|أربعة',
      'خمس|خمسة',
      'ست|ستة',
      'سبع|سبعة',
      'ثماني|ثمانية',
      'تسع|تسعة',
      'عشر|عشرة',
    ],
    scales: { ألف: 3, آلاف: 3, مليون: 6, ملايين: 6, مليار: 9, مليارات: 9 },
  },
};
