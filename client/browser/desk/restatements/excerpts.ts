import type { Occurrence } from './passage-search.ts';

/** A part of an excerpt. */
export interface ExcerptPart {
  text: string;
  isMarked: boolean;
}

/** Characters of context before and after a marked passage, and how far apart two passages are in one excerpt. */
const contextCharacters = 60;
/** Excerpts of one post. */
const mostExcerpts = 3;

/** The passages in the text around them, at whole words. Pure. */
export function excerptsOf(text: string, occurrences: readonly Pick<Occurrence, 'start' | 'end'>[]): ExcerptPart[][] {
  const groups: Pick<Occurrence, 'start' | 'end'>[][] = [];
  for (const occurrence of occurrences) {
    const last = groups.at(-1)?.at(-1);
    const isNear =
      last !== undefined &&
      occurrence.start - last.end < contextCharacters &&
      !text.slice(last.end, occurrence.start).includes('\n');
    if (isNear) groups.at(-1)?.push(occurrence);
    else groups.push([occurrence]);
  }
  return groups.slice(0, mostExcerpts).map((group) => excerptOf(text, group));
}

function excerptOf(text: string, group: readonly Pick<Occurrence, 'start' | 'end'>[]): ExcerptPart[] {
  const [first, last] = [group[0]?.start ?? 0, group.at(-1)?.end ?? 0];
  const lead = text.slice(0, first).split('\n').at(-1) ?? '';
  const rest = text.slice(last).split('\n')[0] ?? '';
  const parts: ExcerptPart[] = [{ text: shortLead(lead), isMarked: false }];
  for (const [at, { start, end }] of group.entries()) {
    parts.push({ text: text.slice(start, end), isMarked: true });
    parts.push({ text: text.slice(end, group[at + 1]?.start ?? end), isMarked: false });
  }
  parts.push({ text: shortRest(rest), isMarked: false });
  return parts.filter(({ text }) => text !== '');
}

function shortLead(lead: string): string {
  if (lead.length <= contextCharacters) return lead;
  return `…${lead.slice(-contextCharacters).replace(/^\S*\s/, '')}`;
}

function shortRest(rest: string): string {
  if (rest.length <= contextCharacters) return rest;
  return `${rest.slice(0, contextCharacters).replace(/\s\S*$/, '')}…`;
}

/** The beginning of a text that has its headline in its first line. */
export function firstWordsOf(text: string, headline: string | null): ExcerptPart[] {
  const body = text.slice((headline ?? '').length).trimStart();
  return excerptOf(body, [{ start: 0, end: 0 }]);
}
