import { isVisible } from './visible-text.ts';

/**
 * The rules for single values that authors send. They are apart from the schemas, so that a browser can check what an author types as
 * the server will.
 */

const surrogate = /\p{Surrogate}/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the refused characters
const lineControl = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the refused characters
const textControl = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u;

/** The length as limits count it, in code points. */
export function charactersOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

export function isWithin(text: string, most: number): boolean {
  return text.length <= most || charactersOf(text) <= most;
}

export function isWellFormed(text: string): boolean {
  return !surrogate.test(text);
}

/** Whether the text has control characters other than line breaks and tabs. */
export function hasControls(text: string): boolean {
  return textControl.test(text);
}

export function isOneLine(text: string): boolean {
  return !lineControl.test(text);
}

/** Whether the value is an absolute URL with one of these schemes, such as `https:`. */
export function isAbsoluteUrl(value: string, schemes: readonly string[]): boolean {
  // `https:a` parses too, but is relative on a page.
  if (/\s/u.test(value) || !/^[a-z]+:\/\/[^/\\]/i.test(value)) return false;
  const parsed = URL.parse(value);
  return parsed !== null && schemes.includes(parsed.protocol) && parsed.hostname !== '';
}

/** Whether the host of the URL is what it seems to be. */
export function hasPlainHost(value: string): boolean {
  // Text before an @ looks like the host but is not, and only browsers treat a backslash as a slash.
  return !value.includes('\\') && (URL.parse(value)?.username ?? '') + (URL.parse(value)?.password ?? '') === '';
}

/** Whether pages of the server with this origin can load media from the address: it is `https:`, or on that server. */
export function isLoadable(address: string, origin: string): boolean {
  return /^https:/i.test(address) || URL.parse(address)?.origin === origin;
}

/** 1 to 96 lower-case letters, digits and hyphens, without a hyphen at either end. */
export const channelIdPattern = /^[a-z0-9](?:[a-z0-9-]{0,94}[a-z0-9])?$/;

/** A UUIDv7 in lower case. */
export const postIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The field that a post lacks: key events need a headline, and every post needs something to show. */
export function lackingField(post: {
  keyEvent: boolean;
  headline: string | null;
  html: string;
  media: readonly unknown[];
}): 'headline' | 'body' | undefined {
  if (post.keyEvent && post.headline === null) return 'headline';
  return post.headline === null && !showsText(post.html) && post.media.length === 0 ? 'body' : undefined;
}

/** `<hr>` is visible by itself. Other tags show only their content. */
function showsText(html: string): boolean {
  return isVisible(html.replace(/<(?!hr>)[^<>]*>/g, ''));
}
