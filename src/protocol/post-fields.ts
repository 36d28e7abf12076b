import type { AuthorPost, PostFields, ReaderPost } from './model.ts';

/**
 * The values of the fields of a post. Add a new field here first: its empty value in `blankPost`, and its type in `PostFields` (`model.ts`).
 * Authors can then send it, it is stored, and a withdrawn post loses it. Every other place that lists fields does not compile, or fails
 * `test/unit/protocol/post-fields.test.ts`, until it handles the new field.
 *
 * Browsers load this module, so it contains no schemas. The schemas of the fields are in `schemas.ts`.
 */

/**
 * The empty value of each field in the reader's view, with `html` instead of `body`. Withdrawn posts have these values, and so do posts
 * that are older than a field.
 */
export function blankPost(): Omit<PostFields, 'body'> & { html: string } {
  return {
    kind: 'update',
    keyEvent: false,
    headline: null,
    html: '',
    media: [],
    authors: [],
    sources: [],
    verification: null,
    developing: false,
    derivedFrom: [],
  };
}

/** The empty fields in the author's view, in the order in which posts are stored and hashed. */
export function blankFields(): PostFields {
  const { kind, keyEvent, headline, html: _html, ...others } = blankPost();
  return { kind, keyEvent, headline, body: '', ...others };
}

/**
 * What a withdrawn post keeps, apart from who published it, which only authors see. Every other field is lost, including fields that this
 * version does not know.
 */
export function keptOf({ id, channelId, seq, kind, revision, publishedAt, updatedAt, history }: Keeps) {
  return { id, channelId, seq, kind, revision, publishedAt, updatedAt, history };
}

type Keeps = Pick<ReaderPost, 'id' | 'channelId' | 'seq' | 'kind' | 'revision' | 'publishedAt' | 'updatedAt' | 'history'>;

/** Whether the post has only what a withdrawn post keeps: all other fields are null, false or empty. */
export function isEmptied(post: object): boolean {
  const kept = new Set([...Object.keys(keptOf({} as Keeps)), ...keptForAuthors]);
  return Object.entries(post).every(([field, value]) => kept.has(field) || isBlank(value));
}

const keptForAuthors: readonly (keyof AuthorPost)[] = ['status', 'publishedBy', 'ownerKey'];

function isBlank(value: unknown): boolean {
  return value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The post with every field. Fields that are newer than the post get their empty value and are not part of its hash. */
export function withEveryField<P extends object>(post: P): P {
  return names.every((name) => name in post) ? post : { ...blankFields(), ...post };
}

const names = /* @__PURE__ */ Object.keys(/* @__PURE__ */ blankFields());
