import type { AuthorPost, Change, Channel, PostFields, ReaderPost } from '../../../src/protocol/model.ts';

/** One channel and one post with every field, for tests that need any channel or post. */

const sampleTime = '2026-11-24T12:00:00.000Z';

export function aChannel(changed: Partial<Channel> = {}): Channel {
  return {
    id: 'moon',
    state: 'live',
    headline: 'To the Moon',
    standfirst: null,
    section: null,
    picture: null,
    byline: [],
    language: 'en',
    timezone: 'UTC',
    access: 'public',
    url: null,
    pinnedPostId: null,
    startsAt: null,
    createdAt: sampleTime,
    startedAt: sampleTime,
    endedAt: null,
    updatedAt: null,
    revision: 1,
    history: [],
    ...changed,
  };
}

/** In the readers' view. Each `seq` has its own id. */
export function aPost(changed: Partial<ReaderPost> = {}): ReaderPost {
  const { seq = 2 } = changed;
  return {
    id: `01890a5d-ac96-774b-bcce-${String(seq).padStart(12, '0')}`,
    channelId: 'moon',
    seq,
    kind: 'update',
    keyEvent: false,
    headline: null,
    html: '',
    media: [],
    authors: [{ name: 'Ada Byron' }],
    sources: [],
    verification: null,
    developing: false,
    derivedFrom: [],
    status: 'published',
    revision: 1,
    publishedAt: sampleTime,
    updatedAt: null,
    history: [],
    ...changed,
  };
}

/** The same post in the authors' view. */
export function anAuthorPost(changed: Partial<AuthorPost> = {}): AuthorPost {
  return { ...aPost(), body: '', publishedBy: 'ada', history: [], ...changed };
}

/** Every field that an author writes, with a value. `derivedFrom` must contain existing posts. */
export function everyField(derivedFrom: string[]): PostFields {
  return {
    kind: 'analysis',
    keyEvent: true,
    headline: 'What the headline says',
    body: 'What the body says.',
    media: [{ type: 'image', url: 'https://pictures.example/a.png', alt: 'What the picture shows' }],
    authors: [{ name: 'Grace Murray', role: 'Science editor', url: 'https://news.example/grace' }],
    sources: [{ name: 'A witness', via: 'An agency', url: 'https://agency.example/' }],
    verification: 'disputed',
    developing: true,
    derivedFrom,
  };
}

/** An entry of a history. */
export function aChange(kind: Change['kind'], note: string | null, changedAt = '2026-11-24T14:20:00.000Z', revision = 2): Change {
  return { kind, note, at: changedAt, revision };
}

/** The documented remains of a withdrawn post, except its status, revision, times and history, which the withdrawal sets. */
export function emptied<P extends Omit<ReaderPost, 'seq'>>(post: P): P {
  const left = {
    keyEvent: false,
    headline: null,
    html: '',
    media: [],
    authors: [],
    sources: [],
    verification: null,
    developing: false,
    derivedFrom: [],
  } satisfies Omit<PostFields, 'kind' | 'body'> & { html: string };
  return { ...post, ...left, ...('body' in post ? { body: '' } : {}) };
}
