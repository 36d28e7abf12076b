import { type Html, safe } from '../html.ts';

/** The html of a post. The direction of its blocks is left to their text. */
export function bodyOf(markup: string): Html {
  return safe(markup.replace(sided, '$& dir="auto"'));
}

/**
 * Elements whose direction is visible: blockquotes, their speakers, tables and list items. An item without letters, such as a year,
 * has no direction of its own and follows the list.
 */
const sided = /<(bl|p d|ta|li(?!>\P{L}*<\/l))[^>]*/gu;

/** Keeps scores, ranges and dates such as "2-1" on one line. Tags, and with them addresses, stay unchanged. */
export function unbroken(markup: Html): Html {
  return safe(
    markup.text.replace(/(<[^<>]*>)|\d{1,4}(?:[-–]\d{1,4}){1,2}/g, (part, tag) => tag ?? `<span class="score">${part}</span>`),
  );
}
