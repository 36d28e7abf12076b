import { describe, expect, it } from 'vitest';
import { renderPost } from '../../../client/browser/view/post/post.ts';
import { postLines } from '../../../client/cli/post-output.ts';
import { readPost } from '../../../client/lib/read-post.ts';
import { restoreTimeline, saveTimeline } from '../../../client/lib/timeline/saved-timeline.ts';
import { fromSnapshot } from '../../../client/lib/timeline/timeline.ts';
import type { NewPostEntry } from '../../../src/journal/engine.ts';
import { isEmptyText, postFrom, prepare } from '../../../src/journal/entry-record.ts';
import { placeholder, publish, retract, takeDown } from '../../../src/newsroom/post-rules.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import { type AuthorPost, type PostFields, type ReaderPost, readerView } from '../../../src/protocol/model.ts';
import { blankFields } from '../../../src/protocol/post-fields.ts';
import { parseLine } from '../../../src/protocol/transfer.ts';
import { digestOfPost } from '../../../src/verify.ts';
import { atom } from '../../../src/web/feeds/atom.ts';
import { jsonFeed } from '../../../src/web/feeds/json-feed.ts';
import { jsonLd } from '../../../src/web/feeds/json-ld.ts';
import { ninjs } from '../../../src/web/feeds/ninjs.ts';
import { ada, channel, entriesOf, postOf } from '../../support/authors/decisions.ts';
import { feedPage, publicUrl } from '../../support/samples/feed-samples.ts';
import { aChannel, anAuthorPost, everyField } from '../../support/samples/samples.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const other = '01890a5d-ac96-774b-bcce-b302099a8058';
const renderer = createRenderer({ publicUrl });
const sources = new Map([[other, 1]]);
const says = everyField([other]);
const names = Object.keys(blankFields()) as (keyof PostFields)[];

/** A post with every field, as the newsroom creates it. */
const published = postOf(
  publish(
    { channel, existing: undefined, sources },
    { ...says, id, html: renderer.render(says.body, { channelId: channel.id }), byline: 'Ada Byron' },
    ada,
  ),
);

/** The stored text of an entry, which is hashed. */
const stateOf = (entry: unknown) => prepare(channel.id, entry as NewPostEntry, renderer).text.state;

describe('a new post', () => {
  it('has every field that its author wrote', () => {
    expect(published).toMatchObject(says);
    expect(names.toSorted()).toEqual(Object.keys(says).toSorted());
  });

  it('is shown to readers without the fields of authors and without unknown fields', () => {
    const shown = readerView({ ...published, ownerKey: 'key', later: 'Something.' } as AuthorPost);
    const { body: _body, ...fields } = says;
    expect(shown).toMatchObject(fields);
    for (const field of ['body', 'publishedBy', 'ownerKey', 'later']) expect(shown).not.toHaveProperty(field);
  });
});

describe('the hashed text of a post', () => {
  const facts = `"publishedAt":"2026-11-24T12:00:00.000Z","updatedAt":null,"history":[],"publishedBy":"ada"`;

  it('has its fields in a fixed order', () => {
    const [entry] = entriesOf(
      publish({ channel, existing: undefined, sources }, { id, html: '', byline: 'Ada', headline: 'A' }, ada),
    );
    expect(stateOf(entry)).toBe(
      `{"id":"${id}","channelId":"moon","kind":"update","keyEvent":false,"headline":"A","body":"","media":[],"authors":[{"name":"Ada"}],"sources":[],"verification":null,"developing":false,"derivedFrom":[],"status":"published","revision":1,${facts}}`,
    );
  });

  it('has its fields in the same order after a withdrawal', () => {
    const [entry] = entriesOf(retract({ channel, post: { ...published, ownerKey: 'key' } }, { note: 'No.' }, ada));
    expect(stateOf(entry)).toBe(
      `{"id":"${id}","channelId":"moon","kind":"analysis","keyEvent":false,"headline":null,"body":"","media":[],"authors":[],"sources":[],"verification":null,"developing":false,"derivedFrom":[],"status":"retracted","revision":2,"publishedAt":"2026-11-24T12:00:00.000Z","updatedAt":"2026-11-24T12:00:00.000Z","history":[{"revision":2,"kind":"retraction","note":"No.","at":"2026-11-24T12:00:00.000Z","by":"ada"}],"publishedBy":"ada","ownerKey":"key"}`,
    );
  });
});

describe('a withdrawn post', () => {
  /** Has a field of a later version. */
  const post = { ...published, ownerKey: 'key', later: 'What a later version says.' } as AuthorPost;
  const { kind: _kind, ...blank } = blankFields();

  it.each([
    ['retracted', retract({ channel, post }, { note: 'No.' }, ada)],
    ['taken down', takeDown({ channel, post }, { note: null }, ada)],
  ])('loses every field that is not kept, even a field of a later version: %s', (_how, decision) => {
    const { html, ...tombstone } = postOf(decision);
    expect(html).toBe('');
    expect(tombstone).toMatchObject(blank);
    const kept = ['id', 'channelId', 'seq', 'kind', 'status', 'revision', 'publishedAt', 'updatedAt', 'history', 'publishedBy'];
    expect(Object.keys(tombstone).sort()).toEqual([...kept, 'ownerKey', ...Object.keys(blank)].sort());
  });

  it('loses every field in a client that does not know the status', () => {
    const shown = { ...readerView(published), status: 'embargoed', later: 'What a later version says.' };
    const { kind, ...lost } = says;
    const read = readPost(shown as unknown as ReaderPost);
    expect(read).toMatchObject({ kind, status: 'retracted', html: '', seq: published.seq });
    expect(read).not.toHaveProperty('later');
    for (const field of Object.keys(lost).filter((name) => name !== 'body'))
      expect(read).toHaveProperty(field, blank[field as keyof typeof blank]);
  });

  it.each(names.filter((name) => name !== 'kind'))('is refused in an import if its %s is not empty', (name) => {
    const { seq: _seq, html: _html, ...tombstone } = postOf(takeDown({ channel, post: published }, { note: null }, ada));
    const revision = { at: tombstone.updatedAt, by: 'ada', kind: 'takedown' };
    expect(parseLine({ post: tombstone, revision })).toMatchObject({ post: tombstone });
    expect(() => parseLine({ post: { ...tombstone, [name]: says[name] }, revision })).toThrow();
  });
});

describe('the placeholder of an erased text', () => {
  const stub = placeholder({ id, channelId: channel.id, revision: 2 }, published);
  const saysIn = (changed: object) => {
    const { html: _html, ...state } = { ...stub, ...changed };
    return !isEmptyText({ headline: null, note: null, state: JSON.stringify(state) });
  };

  it('is empty', () => {
    expect(saysIn({})).toBe(false);
    expect(saysIn({ later: null })).toBe(false);
  });

  it.each([...names.filter((name) => name !== 'kind'), 'history', 'later'])('is not accepted if its %s is not empty', (name) => {
    const change = { revision: 2, kind: 'update', note: 'Something.', at: published.publishedAt };
    expect(saysIn({ [name]: { ...says, history: [change], later: 'Something.' }[name] })).toBe(true);
  });
});

describe('a post that is older than a field', () => {
  it.each(names)('is read with the field empty: %s', (name) => {
    const { seq, html, [name]: _lacking, ...state } = published;
    const read = postFrom({ state: JSON.stringify(state), html, version: renderer.version }, seq, renderer);
    expect(read).toEqual({ ...published, [name]: blankFields()[name], ...(name === 'body' && { html }) });
    expect(digestOfPost(state)).toBe(digestOfPost(read));
    const { [name as keyof ReaderPost]: _toReaders, ...shown } = readerView(published);
    if (name !== 'body') expect(readPost(shown as ReaderPost)).toEqual({ ...readerView(published), [name]: blankFields()[name] });
  });
});

describe('a timeline saved by a client', () => {
  const snapshot = {
    channel,
    cursor: '0123456789ab.7.0123456789abcdef',
    pinned: null,
    summary: null,
    keyEvents: [],
    more: false,
  };
  const saved = saveTimeline(fromSnapshot({ ...snapshot, posts: [readerView(published)] }, 7));

  it('is continued if its posts have every field', () => {
    expect(restoreTimeline(saved, channel.id)?.posts).toEqual([readerView(published)]);
  });

  it.each(names.filter((name) => name !== 'body'))('is dropped if a post lacks a field of this version: %s', (name) => {
    const { [name as keyof ReaderPost]: _lacking, ...older } = readerView(published);
    expect(restoreTimeline({ ...saved, posts: [older as ReaderPost] }, channel.id)).toBeUndefined();
  });
});

/** The text that shows a field on each surface. Null if the surface does not show it. */
interface Shown<F extends keyof PostFields> {
  value: PostFields[F];
  page: string | null;
  terminal: string | null;
  atom: string | null;
  jsonFeed: string | null;
  jsonLd: string | null;
  ninjs: string | null;
}

const everywhere = (text: string) => ({ page: text, terminal: text, atom: text, jsonFeed: text, jsonLd: text, ninjs: text });

/** A field without a line here does not compile. */
const shown: { [F in keyof PostFields]: Shown<F> } = {
  kind: {
    value: 'breaking',
    page: 'mark-breaking',
    terminal: 'BREAKING',
    atom: 'term="breaking"',
    jsonFeed: '"kind":"breaking"',
    jsonLd: null,
    ninjs: '"literal":"breaking"',
  },
  keyEvent: {
    value: true,
    page: 'mark-key',
    terminal: 'KEY EVENT',
    atom: 'term="key-event"',
    jsonFeed: '"keyEvent":true',
    jsonLd: null,
    ninjs: '"literal":"key-event"',
  },
  headline: { value: says.headline, ...everywhere('What the headline says') },
  body: { value: says.body, ...everywhere('What the body says.') },
  media: { value: says.media, ...everywhere('https://pictures.example/a.png') },
  authors: { value: says.authors, ...everywhere('Grace Murray') },
  sources: { value: says.sources, ...everywhere('A witness') },
  verification: {
    value: 'disputed',
    page: 'mark-disputed',
    terminal: 'DISPUTED',
    atom: 'term="disputed"',
    jsonFeed: '"verification":"disputed"',
    jsonLd: null,
    ninjs: '"literal":"disputed"',
  },
  developing: {
    value: true,
    page: 'mark-developing',
    terminal: 'DEVELOPING',
    atom: 'term="developing"',
    jsonFeed: '"developing":true',
    jsonLd: null,
    ninjs: '"literal":"developing"',
  },
  derivedFrom: { value: [other], ...everywhere(other), terminal: null, jsonLd: null },
};

const style = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof postLines>[2];
const faces: Record<Exclude<keyof Shown<'kind'>, 'value'>, (post: ReaderPost) => string> = {
  page: (post) => renderPost(post, { timezone: 'UTC', language: 'en' }).text,
  terminal: (post) => postLines(post, 'UTC', style).join('\n'),
  atom: (post) => atom(feedPage('feed.atom', {}, [post]), {}),
  jsonFeed: (post) => jsonFeed(feedPage('feed.json', {}, [post])),
  jsonLd: (post) => jsonLd(feedPage('live.jsonld', {}, [post])),
  ninjs: (post) => ninjs(feedPage('ninjs.json', {}, [post]), {}),
};

describe.each(Object.keys(faces) as (keyof typeof faces)[])('a post as shown in %s', (face) => {
  it.each(names)('shows its %s, or is the same without it', (name) => {
    const { value, [face]: text } = shown[name];
    const without = anAuthorPost({ html: '<p>Said.</p>', body: 'Said.', authors: [] });
    const html = name === 'body' ? renderer.render(value as string, { channelId: aChannel().id }) : without.html;
    const [plain, told] = [without, { ...without, [name]: value, html }].map((post) => faces[face](readerView(post)));
    if (text === null) expect(told).toBe(plain);
    else {
      expect(told).toContain(text);
      expect(plain).not.toContain(text);
    }
  });
});
