import type { Random } from './random.ts';

/**
 * Texts of the sample day: typical texts of newsrooms, and texts that break software made for English prose. All of it is made
 * up.
 */

const places = [
  'the harbour',
  'Bridge Street',
  'the old town',
  'Northgate',
  'the airport',
  'the stadium',
  'the river bank',
  'Søndergård',
];
const doers = [
  'The fire service',
  'A spokeswoman',
  'The mayor',
  'An engineer on site',
  'The operator',
  'Two witnesses',
  'Dr Núñez',
  'The union',
];
const deeds = [
  'says that the road stays shut until the evening',
  'has asked people to keep away from the water',
  'counts eleven ships that wait outside',
  'confirms that nobody was hurt',
  'expects the wind to drop after midnight',
  'will not speak of a cause before the inspection',
  'reports that power is back for two thirds of the homes',
];
const asides = [
  'Our reporter saw it.',
  'More on this below.',
  'That is 12 % more than a year ago.',
  'It had rained all night.',
  'Nothing else is known – yet.',
];

/** Special texts, each a body or a part of one, which must arrive unchanged. */
const specialities: readonly ((random: Random) => string)[] = [
  (random) => `- ${sentence(random)}\n- ${sentence(random)}\n  - ${sentence(random)}\n- **${random.pick(places)}**`,
  (random) => `1. ${sentence(random)}\n2. ${sentence(random)}\n3. ~~${sentence(random)}~~`,
  (random) => `> ${sentence(random)}\n>\n> ${sentence(random)}\n>\n> — ${random.pick(doers)}`,
  (random) =>
    `| Place | Level (cm) | Trend |\n| :--- | ---: | :---: |\n${Array.from(
      { length: 3 + random.below(6) },
      () => `| ${random.pick(places)} | ${random.below(900)} | ${random.pick(['↑', '→', '↓'])} |`,
    ).join('\n')}`,
  (random) =>
    `The gauge: \`level=${random.below(900)}\`\n\n\`\`\`\n${random.below(900)} < ${random.below(900)} && "quoted"\n\`\`\``,
  (random) => `See <https://example.org/report?a=1&b=${random.below(99)}> or [the report](https://example.org/r "A 'title'").`,
  () => 'A flag 🇳🇴, a family 👨‍👩‍👧‍👦, a thumb 👍🏽, a heart ❤️‍🔥 and a lone 🛟.',
  () => 'عاجل: أعيد فتح الجسر أمام حركة المرور.\n\nتقول البلدية إن العمل انتهى عند الساعة 14:05.',
  () => 'הגשר נפתח מחדש לתנועה. הודעה נוספת תבוא בשעה 18:00 (UTC).',
  () => 'پل بار دیگر باز شد؛ شهرداری می‌گوید ۱۲ نفر کمک کردند.',
  () => '橋は再び開通した。市長は「全員無事だ」と述べた。',
  () => 'Mixed: “the word שלום, then مرحبا, then back” – and a Zoe\u0308 with a combining mark, naïve café, ﬁne ligature.',
  () => 'Raw <b>markup</b> & <script>alert("no")</script> and an unclosed <div are text here; so is </script>.',
  () => 'Typed as it is: "straight quotes", three dots..., two--dashes, (c), 1/2, a*b*c, snake_case_name, \\*no stars\\*.',
  () => 'A line\u2028separator, a non-breaking\u00a0space, a zero\u200bwidth one, and a trailing backslash\\',
  () => '### Under the headline\n\nText.\n\n#### And below\n\n***\n\nMore text.',
];

export function sentence(random: Random): string {
  const sentence = `${random.pick(doers)} ${random.pick(deeds)}`;
  return random.chance(0.3) ? `${sentence}, seen from ${random.pick(places)}.` : `${sentence}. ${random.pick(asides)}`;
}

export function headline(random: Random): string {
  const plain = `${random.pick(doers)} ${random.pick(deeds)}`;
  return random.pick([plain, plain, `${plain} <live>`, `🔴 ${plain}`, 'عاجل: إعادة فتح الجسر', `“Quoted” & ${plain}`]);
}

export function paragraphs(random: Random, count: number): string {
  return Array.from({ length: count }, () => Array.from({ length: 1 + random.below(4) }, () => sentence(random)).join(' ')).join(
    '\n\n',
  );
}

export function speciality(random: Random, at?: number): string {
  return (at === undefined ? random.pick(specialities) : (specialities[at % specialities.length] as (random: Random) => string))(
    random,
  );
}

/** Prose of nearly this many characters, and never more. */
export function longBody(random: Random, characters: number): string {
  let text = '';
  for (;;) {
    const more = paragraphs(random, 1);
    if ([...text].length + [...more].length + 2 > characters) return text.trimEnd();
    text += `${more}\n\n`;
  }
}
