import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { occurrencesIn } from '../../../../client/browser/desk/restatements/passage-search.ts';
import { removedPassages } from '../../../../client/browser/desk/restatements/removed-passages.ts';
import { type Language, languages } from '../../../../client/browser/i18n/languages.ts';

const said = (html: string, headline: string | null = null) => ({ headline, html });
const removed = (before: string, after: string, language: Language | undefined = 'en') =>
  removedPassages(said(before), said(after), language);
const texts = (before: string, after: string, language: Language | undefined = 'en') =>
  removed(before, after, language).map(({ text }) => text);
/** What is found in another text, in the order of the text. */
const found = (before: string, after: string, other: string, language: Language | undefined = 'en') =>
  occurrencesIn(other, removed(before, after, language), language).map(({ start, end }) => other.slice(start, end));

describe('what a correction removed', () => {
  it.each<[Language, string, string, string[]]>([
    ['en', 'The water rose by 17 centimetres.', 'The water rose by 70 centimetres.', ['17']],
    ['en', 'Some 4,700 people fled.', 'Some 7,400 people fled.', ['4,700']],
    ['en', 'It cost $3.5 million.', 'It cost $5.3 million.', ['3.5 million']],
    ['en', 'A rise of 17 metres.', 'A rise of 17 centimetres.', ['17 metres']],
    ['en', 'There were 7 boats.', 'There were 9 boats.', ['7 boats']],
    ['en', 'It opened in 1976.', 'It opened in 1967.', ['in 1976']],
    ['en', 'The mayor, Ann Smith, spoke.', 'The mayor, Anne Smith, spoke.', ['Ann']],
    ['en', 'Ann Smith spoke. “We are safe,” she said.', 'Ann Smith spoke. “We are lost,” she said.', ['We are safe']],
    ['en', 'An Airbus A380 on its 20th flight.', 'An Airbus A320 on its 21st flight.', ['A380', '20th']],
    ['en', 'The fire began on Monday.', 'The fire began on Tuesday.', []],
    ['en', 'The fire is big.', 'The fire is small.', []],
    ['de', 'Um 23:40 Uhr stieg das Wasser um 1,5 Meter.', 'Um 23:50 Uhr stieg das Wasser um 2,5 Meter.', ['23:40', '1,5']],
    ['de', 'Die Bürgermeisterin Marit Ostlund sprach.', 'Die Bürgermeisterin Marit Östlund sprach.', ['Ostlund']],
    ['de', 'Das Feuer brach im Lager aus.', 'Das Feuer brach im Keller aus.', []],
    ['de', 'Sie fuhren nach Bremen.', 'Sie fuhren nach Hamburg.', ['Bremen']],
    ['de', 'Er sagte: „Wir sind sicher.“', 'Er sagte: „Wir sind gerettet.“', ['Wir sind sicher']],
    ['fr', 'Le bilan est de 1 200 blessés.', 'Le bilan est de 1 300 blessés.', ['1 200']],
    ['fr', 'Le maire, Jean Dupont, a parlé.', 'Le maire, Jean Durand, a parlé.', ['Dupont']],
    ['es', 'Hay 12.500 evacuados en Sevilla.', 'Hay 15.200 evacuados en Sevilla.', ['12.500']],
    ['es', 'La alcaldesa «no sabía nada», dijo.', 'La alcaldesa «no sabía todo», dijo.', ['no sabía nada']],
    ['ar', 'ارتفع الماء ٤٧ سنتيمترًا.', 'ارتفع الماء ٧٤ سنتيمترًا.', ['٤٧']],
    ['ar', 'قال أحمد إن الحريق كبير.', 'قال محمود إن الحريق كبير.', ['أحمد']],
  ])('names what is worth looking for in %s: %s', (language, before, after, expected) => {
    expect(texts(before, after, language)).toEqual(expected);
  });

  it('takes nothing that only moved', () => {
    expect(
      texts('<p>17 people left.</p>\n<p>Rain fell in Paris.</p>', '<p>Rain fell in Paris.</p>\n<p>17 people left.</p>'),
    ).toEqual([]);
  });

  it('takes nothing for a name in a headline of capitals', () => {
    const passages = removedPassages(
      said('', 'Road Closed After Fire In Old Harbour'),
      said('', 'Road Open After Fire In Old Harbour'),
      'en',
    );
    expect(passages).toEqual([]);
  });

  it('knows a block quotation', () => {
    const quote = (text: string) => `<blockquote>\n<p>${text}</p>\n</blockquote>\n`;
    expect(texts(quote('We shall stay here tonight.'), quote('We shall leave here tonight.'))).toEqual(['shall stay here']);
  });

  it('has the replacement of exactly what was replaced', () => {
    const [figure] = removed('Le bilan est de 1 200 blessés.', 'Le bilan est de 1 300 blessés.', 'fr');
    expect(figure?.replacement).toBe('1 300');
    expect(removed('It cost 3.5 million.', 'It cost 4 million.')[0]?.replacement).toBe('4 million');
    expect(removed('There were 7 boats.', 'There were 9 boats.')[0]).toMatchObject({
      removed: { first: 0, last: 0 },
      replacement: '9',
    });
    expect(removed('The 17 people left.', 'Nobody left.')[0]?.replacement).toBeUndefined();
  });
});

describe('looking for it in other posts', () => {
  it.each<[Language, string, string, string, string[]]>([
    [
      'en',
      'Some 4,700 fled.',
      'Some 7,400 fled.',
      '4700, 4 700, 4 700, 4.700, 4’700 and ٤٬٧٠٠ fled, not 14,700 or 4,7001.',
      ['4700', '4 700', '4 700', '4.700', '4’700', '٤٬٧٠٠'],
    ],
    [
      'en',
      'It cost 3.5 million.',
      'It cost 5.3 million.',
      'It cost 3,500,000 or 3.5 million, not 3.5 or 3.5 billion.',
      ['3,500,000', '3.5 million'],
    ],
    [
      'en',
      'It rose by 17 cm.',
      'It rose by 70 cm.',
      '17cm, seventeen cm, but not 1.17, 17:20, A17 or 17th.',
      ['17', 'seventeen'],
    ],
    ['en', 'There were 7 boats.', 'There were 9 boats.', 'Seven boats and 7 cars.', ['Seven boats']],
    ['en', 'The mayor, Ann Smith, spoke.', 'The mayor, Jane Smith, spoke.', 'Ann’s car; Joann; ann.', ['Ann']],
    ['de', 'Es kostet 3,5 Millionen.', 'Es kostet 5,3 Millionen.', '3,5 Mio. Euro, 3.500.000 Euro', ['3,5 Mio', '3.500.000']],
    ['fr', 'Il est 23h40.', 'Il est 23h50.', 'À 23h40, à 23:40', ['23h40', '23:40']],
    ['fr', 'Le maire, Jean Dupont, a parlé.', 'Le maire, Jean Durand, a parlé.', 'La voiture d’Alain Dupont', ['Dupont']],
    ['es', 'Hay 12.500 evacuados.', 'Hay 15.200 evacuados.', 'Los 12 500 y los 12,5 mil', ['12 500', '12,5 mil']],
    ['ar', 'ارتفع الماء ٤٧ سنتيمترًا.', 'ارتفع الماء ٧٤ سنتيمترًا.', 'بلغ الارتفاع 47 سنتيمترًا', ['47']],
  ])('finds whole words and figures as they are written in %s: %s', (language, before, after, other, expected) => {
    expect(found(before, after, other, language)).toEqual(expected);
  });

  it('is not sure of a figure of two digits beside other words', () => {
    const passages = removed('The water rose by 17 centimetres.', 'The water rose by 70 centimetres.');
    const sure = (text: string) => occurrencesIn(text, passages, 'en').map(({ isSure }) => isSure);
    expect(sure('17 centimetres')).toEqual([true]);
    expect(sure('On 17 July')).toEqual([false]);
  });

  const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 12 });
  const figure = fc.integer({ min: 10, max: 9_999_999 }).filter((number) => number < 1_800 || number > 2_099);
  const anyLanguage = fc.constantFrom(...languages);

  it('finds an exact repetition of any figure, in any text and language', () => {
    fc.assert(
      fc.property(figure, figure, words, words, words, words, anyLanguage, (wrong, right, a, b, c, d, language) => {
        fc.pre(wrong !== right);
        const [before, after] = [wrong, right].map((number) => `${a.join(' ')} ${number} ${b.join(' ')}`) as [string, string];
        const other = `${c.join(' ')} ${wrong} ${d.join(' ')}`;
        const passages = removed(before, after, language);
        const all = occurrencesIn(other, passages, language);
        expect(all.some(({ start, end }) => other.slice(start, end).startsWith(String(wrong)))).toBe(true);
        expect(occurrencesIn(before, passages, language)).not.toEqual([]);
      }),
    );
  });

  it('finds no figure in a text that does not have it', () => {
    fc.assert(
      fc.property(figure, figure, fc.array(figure, { maxLength: 6 }), anyLanguage, (wrong, right, others, language) => {
        fc.pre(wrong !== right && !others.includes(wrong));
        const other = others.map((number) => `the ${number} boats`).join(', ');
        expect(found(`a ${wrong} b`, `a ${right} b`, other, language)).toEqual([]);
      }),
    );
  });

  it('finds an exact repetition of any quotation, and only whole words of it', () => {
    fc.assert(
      fc.property(words, words, words, anyLanguage, (quote, fresh, around, language) => {
        const [before, after] = [quote, fresh].map((said) => `Look: “${said.join(' ')}.”`) as [string, string];
        const passages = removed(before, after, language).filter(({ kind }) => kind === 'quote');
        const other = `${around.join(' ')} “${quote.join(' ')}”`;
        if (passages.length > 0) expect(occurrencesIn(other, passages, language)).not.toEqual([]);
        expect(occurrencesIn(`x${quote.join('x')}x`, passages, language)).toEqual([]);
      }),
    );
  });

  it('finds places of any texts that lie within them and do not overlap', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 120 });
    fc.assert(
      fc.property(text, text, text, anyLanguage, (before, after, other, language) => {
        let last = 0;
        for (const { start, end } of occurrencesIn(other, removed(before, after, language), language)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(other.length);
          last = end;
        }
      }),
    );
  });
});
