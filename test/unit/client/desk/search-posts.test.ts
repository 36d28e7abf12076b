import { describe, expect, it } from 'vitest';
import { excerptsOf } from '../../../../client/browser/desk/restatements/excerpts.ts';
import { preparedChanges } from '../../../../client/browser/desk/restatements/prepared-change.ts';
import { RecentPosts } from '../../../../client/browser/desk/restatements/recent-posts.ts';
import { removedPassages } from '../../../../client/browser/desk/restatements/removed-passages.ts';
import { PostSearch } from '../../../../client/browser/desk/restatements/search-posts.ts';
import type { SeenPost } from '../../../../client/lib/author-client.ts';
import { Emitter } from '../../../../client/lib/emitter.ts';
import type { ReaderEvents } from '../../../../client/lib/reader-types.ts';
import type { PostEventType } from '../../../../src/protocol/model.ts';
import { anAuthorPost } from '../../../support/samples/samples.ts';

/** A post as its authors see it. */
function seen(seq: number, html: string, fields: Partial<SeenPost> = {}): SeenPost {
  return { ...anAuthorPost({ id: `p${seq}`, channelId: 'fire', seq, html }), ...fields };
}

/** A coverage that is served page by page. `asked` has the position of each request. */
function coverage(posts: SeenPost[]) {
  const events = new Emitter<ReaderEvents>();
  const asked: (number | undefined)[] = [];
  let before = async () => {};
  const client = {
    async listPosts(_channelId: string, { before: position, limit = 20 }: { before?: number; limit?: number }) {
      asked.push(position);
      const rest = posts.filter(({ seq }) => position === undefined || seq < position).sort((a, b) => b.seq - a.seq);
      await before();
      return { posts: rest.slice(0, limit), cursor: '', more: rest.length > limit };
    },
  };
  const publish = (type: PostEventType, post: SeenPost) => {
    const { publishedBy: _publishedBy, ...read } = post;
    events.emit('event', { type, channelId: 'fire', from: 1, offset: 1, cursor: '', at: '', post: read }, undefined);
  };
  return {
    recent: (most?: number) =>
      new RecentPosts({
        client,
        channelId: 'fire',
        reader: { on: (name, listener) => events.on(name, listener) },
        ...(most && { most }),
      }),
    asked,
    publish,
    reset: () => events.emit('reset'),
    during: (action: () => void) => {
      before = async () => action();
    },
  };
}

const nothing = () => {};
const many = (count: number) => Array.from({ length: count }, (_, at) => seen(at + 1, `<p>Post ${at + 1}.</p>`));

describe('the newest posts of a coverage', () => {
  it('are read page by page, up to a bound, and only once', async () => {
    const { recent, asked } = coverage(many(350));
    const posts = recent(250);
    await Promise.all([posts.read(nothing), posts.read(nothing)]);
    await posts.read(nothing);
    expect(asked).toEqual([undefined, 251, 151]);
    expect(posts.posts.map(({ seq }) => seq)).toEqual(Array.from({ length: 250 }, (_, at) => 350 - at));
    expect(posts.hasOlder).toBe(true);
  });

  it('are all of them if there are few', async () => {
    const posts = coverage(many(3)).recent();
    await posts.read(nothing);
    expect(posts.posts).toHaveLength(3);
    expect(posts.hasOlder).toBe(false);
  });

  it('follow the events, and drop the oldest for a new one', async () => {
    const { recent, publish } = coverage(many(3));
    const posts = recent(3);
    await posts.read(nothing);
    publish('post.published', seen(4, '<p>New.</p>'));
    publish('post.revised', seen(3, '<p>Changed.</p>', { revision: 2 }));
    publish('post.revised', seen(1, '<p>Too old.</p>', { revision: 2 }));
    expect(posts.posts.map(({ seq, text }) => [seq, text])).toEqual([
      [4, '\nNew.'],
      [3, '\nChanged.'],
      [2, '\nPost 2.'],
    ]);
    expect(posts.hasOlder).toBe(true);
    expect(posts.posts[1]?.publishedBy).toBe('ada');
  });

  it('keep what changed while its page was under way', async () => {
    const { recent, publish, during } = coverage(many(2));
    during(() => publish('post.revised', seen(1, '<p>Changed.</p>', { revision: 2 })));
    const posts = recent();
    await posts.read(nothing);
    expect(posts.posts[1]).toMatchObject({ text: '\nChanged.', publishedBy: 'ada' });
  });

  it('are read anew in another history', async () => {
    const { recent, asked, reset } = coverage(many(2));
    const posts = recent();
    await posts.read(nothing);
    reset();
    expect(posts.posts).toEqual([]);
    await posts.read(nothing);
    expect(asked).toEqual([undefined, undefined]);
  });

  it('keep no text of a post that was taken down', async () => {
    const { recent, publish } = coverage([seen(1, '<p>A secret.</p>')]);
    const posts = recent();
    await posts.read(nothing);
    publish('post.taken-down', seen(1, '', { revision: 2, status: 'taken-down' }));
    expect(JSON.stringify(posts.posts)).not.toContain('secret');
  });
});

describe('the search of other posts', () => {
  const passages = removedPassages(
    { headline: null, html: '<p>The water rose by 17 centimetres.</p>' },
    { headline: null, html: '<p>The water rose by 70 centimetres.</p>' },
    'en',
  );

  it('puts posts that restate the corrected one first, then the sure ones, then the newest', async () => {
    const { recent } = coverage([
      seen(1, '<p>It rose by 17 centimetres.</p>'),
      seen(2, '<p>Summary.</p>', { derivedFrom: ['p1'] }),
      seen(3, '<p>17 centimetres!</p>'),
      seen(4, '<p>On 17 July.</p>'),
      seen(5, '<p>17 centimetres</p>', { status: 'retracted' }),
      seen(6, '<p>171 centimetres</p>'),
    ]);
    const posts = recent();
    await posts.read(nothing);
    const found = await new PostSearch({ postId: 'p1', passages, language: 'en' }).run(posts.posts, async () => {});
    expect(found.map(({ post, isDerived, occurrences }) => [post.id, isDerived, occurrences.length])).toEqual([
      ['p2', true, 0],
      ['p3', false, 1],
      ['p4', false, 1],
    ]);
  });

  it('pauses between steps', async () => {
    const { recent } = coverage(many(120));
    const posts = recent();
    await posts.read(nothing);
    let pauses = 0;
    const search = new PostSearch({ postId: 'p1', passages, language: 'en' });
    const pause = async () => {
      pauses += 1;
    };
    await search.run(posts.posts, pause);
    expect(pauses).toBe(2);
    await search.run(posts.posts, pause);
    expect(pauses).toBe(2);
  });
});

describe('the prepared correction of another post', () => {
  const passages = removedPassages(
    { headline: null, html: '<p>Some 4,700 people left. There were 17 boats.</p>' },
    { headline: null, html: '<p>Some 4,100 people left. There were 71 boats.</p>' },
    'en',
  );
  const prepared = (headline: string | null, body: string, html = `<p>${body}</p>`) =>
    preparedChanges({ headline, body, html }, passages, 'en');

  it('replaces what surely means the same, in the headline and in the body', () => {
    expect(
      prepared('4,700 flee', 'Of the **4700**, 17 boats took 300.', '<p>Of the <strong>4700</strong>, 17 boats took 300.</p>'),
    ).toEqual({
      headline: '4,100 flee',
      body: 'Of the **4,100**, 71 boats took 300.',
    });
  });

  it('leaves what may mean something else', () => {
    expect(prepared(null, 'On 17 July.')).toEqual({});
  });

  it('leaves addresses as they are', () => {
    const body = 'See [the 4,700](https://example.org/4,700) and 4,700.';
    expect(prepared(null, body, '<p>See <a href="https://example.org/4,700">the 4,700</a> and 4,700.</p>')).toEqual({
      body: 'See [the 4,100](https://example.org/4,700) and 4,100.',
    });
  });

  it('leaves a body whose text says it more often than its Markdown', () => {
    expect(prepared(null, '4,*7*00', '<p>4,700</p>')).toEqual({});
  });
});

describe('the excerpt of a post', () => {
  const excerpt = (text: string, ...marked: string[]) =>
    excerptsOf(
      text,
      marked.map((word) => ({ start: text.indexOf(word), end: text.indexOf(word) + word.length })),
    ).map((parts) => parts.map((part) => (part.isMarked ? `[${part.text}]` : part.text)).join(''));

  it('has the passage with whole words around it', () => {
    const text = `${'before '.repeat(20)}17 ${'after '.repeat(20)}`;
    const [found = ''] = excerpt(text, '17');
    expect(found).toMatch(/^…(before )+\[17\]( after)+…$/);
    expect(found.length).toBeLessThan(140);
  });

  it('marks near passages together, and passages of other lines apart', () => {
    expect(excerpt('17 of 18\nand 19', '17', '18', '19')).toEqual(['[17] of [18]', 'and [19]']);
  });
});
