import type { PostFields } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { diffWords } from '../../view/post/diff.ts';
import { renderComparison, type Version, type VersionSetting, versionContextFor } from '../../view/post/versions.ts';
import { type ComposerWords, composerWordsIn } from '../i18n/composer/index.ts';
import { coverageFormWordsIn } from '../i18n/coverage-form.ts';
import type { PostField } from './three-way.ts';

/** Draws the difference between two texts by word, as the page of a post's earlier versions does. Undefined: they differ too much. */
export function renderDifference(before: string, after: string, setting: VersionSetting): string | undefined {
  const text = diffWords(before, after, bounds);
  if (text === undefined) return undefined;
  const version: Version = { revision: 0, change: null, publishedAt: '', headline: null, text: after, beside: [] };
  return renderComparison({ status: 'compared', version, headline: [], text, lines: [] }, versionContextFor(setting)).text;
}

/** As on the page of earlier versions, but for paragraphs that are longer. */
const bounds = { edits: 800, steps: 800_000 };

/** The value of a field as text. Empty if it has none. */
export function fieldText<F extends PostField>(field: F, value: PostFields[F], words: ComposerWords): string {
  const fields: { [G in PostField]: (value: PostFields[G]) => string } = {
    kind: (kind) => words.kinds[kind],
    keyEvent: (isOne) => (isOne ? words.keyEvent : ''),
    headline: (headline) => headline ?? '',
    body: (body) => body,
    media: (media) => media.map((one) => ('alt' in one ? one.alt : 'title' in one ? one.title : one.url)).join('\n'),
    authors: (authors) => authors.map(({ name, role }) => [name, role].filter(Boolean).join(', ')).join('\n'),
    sources: (sources) => sources.map(({ name, via, url }) => [name, via, url].filter(Boolean).join(', ')).join('\n'),
    verification: (verification) => (verification === null ? '' : words.verifications[verification]),
    developing: (isOne) => (isOne ? words.developing : ''),
    derivedFrom: (ids) => ids.join('\n'),
  };
  return fields[field](value);
}

/** The name of a field. */
export function fieldName(field: PostField, language: Language): string {
  const words = composerWordsIn(language);
  const names: Record<PostField, string> = {
    kind: words.kind,
    keyEvent: words.keyEvent,
    headline: coverageFormWordsIn(language).headline,
    body: words.body,
    media: words.pictures,
    authors: words.byline,
    sources: words.sources,
    verification: words.verification,
    developing: words.developing,
    derivedFrom: words.earlierPosts,
  };
  return names[field];
}
