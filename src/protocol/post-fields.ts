import type { AuthorPost, Media, Person, PostKind, ReaderPost, Source, Verification } from './model.ts';

/**
 * The table of a post's fields. A new field starts here, with its type in `PostFields` and its value in `blankPost`: authors can then
 * send it, it is kept, and a withdrawn post loses it. Every other place that treats fields one by one does not compile, or fails
 * `test/unit/protocol/post-fields.test.ts`, until it has an answer for the new one.
 *
 * Browsers load this module, so it holds no schema. The schemas of the fields are in `schemas.ts`.
 */

/** What an author writes of a post. */
export interface PostFields {
  /** How it is shown. A withdrawn post keeps it. */
  kind: PostKind;
  /** Listed among the channel's key events. Needs a headline. */
  keyEvent: boolean;
  /** Plain text. */
  headline: string | null;
  /** CommonMark with tables, strikethrough and bare links. */
  body: string;
  /** In the order in which they are shown. */
  media: Media[];
  /** The byline. Default: the `name` of the author's token. */
  authors: Person[];
  /** Who reported it. */
  sources: Source[];
  /** Whether the newsroom stands by what the sources say. */
  verification: Verification | null;
  /** More is to follow. */
  developing: boolean;
  /** Ids of the posts of the same channel that this one restates. */
  derivedFrom: string[];
}

/**
 * Each field as it is where nothing was written, as readers see it: with `html` in the place of `body`. A withdrawn post has these values,
 * and so has a post that is older than the field.
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

/** The same in the author's view, in the order in which a post is kept and hashed. */
export function blankFields(): PostFields {
  const { kind, keyEvent, headline, html: _html, ...others } = blankPost();
  return { kind, keyEvent, headline, body: '', ...others };
}

/**
 * All that a withdrawn post keeps of what it was, beside who published it, which authors alone see. A field that does not stand here is
 * lost, also one that this version does not know.
 */
export function keptOf({ id, channelId, seq, kind, revision, publishedAt, updatedAt, history }: Keeps) {
  return { id, channelId, seq, kind, revision, publishedAt, updatedAt, history };
}

type Keeps = Pick<ReaderPost, 'id' | 'channelId' | 'seq' | 'kind' | 'revision' | 'publishedAt' | 'updatedAt' | 'history'>;

/** Whether nothing is left of a post but what a withdrawn one keeps: all else is null, false or empty. */
export function isEmptied(post: object): boolean {
  const kept = new Set([...Object.keys(keptOf({} as Keeps)), ...keptForAuthors]);
  return Object.entries(post).every(([field, value]) => kept.has(field) || isBlank(value));
}

const keptForAuthors: readonly (keyof AuthorPost)[] = ['status', 'publishedBy', 'ownerKey'];

function isBlank(value: unknown): boolean {
  return value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The post with every field, blank where it is older than the field. What was hashed of it does not hold those. */
export function withEveryField<P extends object>(post: P): P {
  return names.every((name) => name in post) ? post : { ...blankFields(), ...post };
}

const names = /* @__PURE__ */ Object.keys(/* @__PURE__ */ blankFields());
