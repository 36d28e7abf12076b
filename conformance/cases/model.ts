import { channelAnswerSchema, channelSchema, postAnswerSchema, readerPostSchema } from '../../src/protocol/wire-messages.ts';
import { must, mustEqual } from '../assertions.ts';
import type { Case } from '../case.ts';
import { mustFit } from '../schema-checks.ts';

/** The fields of channels and posts, their two views, and the rendering of bodies. */
export const modelCases: readonly Case[] = [
  {
    name: 'model/channel',
    rule: 'The answer to creating a channel is 201 with its Location, revision 1 and a cursor at offset 1.',
    async run(context) {
      const id = context.newId();
      const body = {
        id,
        headline: 'The vote',
        standfirst: 'Two chambers meet.',
        section: 'Politics',
        picture: { url: 'https://pictures.example.org/vote.jpg', alt: 'Two chambers', credit: 'Ada', width: 1200, height: 675 },
        language: 'de-AT',
        timezone: 'Europe/Vienna',
      };
      const answer = await context.mustAnswer(201, '/v1/channels', { method: 'POST', body });
      context.createdChannels.push(id);
      mustFit(channelAnswerSchema, answer.body, 'The answer');
      must(answer.headers.get('location')?.endsWith(`/v1/channels/${id}`) === true, 'Location should lead to the channel.');
      mustEqual(answer.body.offset, 1, 'The offset');
      const { revision, standfirst, section, picture, language, timezone, access } = answer.body.channel;
      mustEqual(
        [revision, standfirst, section, picture, language, timezone],
        [1, body.standfirst, body.section, body.picture, 'de-AT', 'Europe/Vienna'],
        'The fields',
      );
      mustEqual(access, 'public', 'The access by default');
      const read = await context.mustAnswer(200, `/v1/channels/${id}`, { token: null });
      mustFit(channelSchema, read.body, 'The channel');
      mustEqual(read.headers.get('etag'), '"1"', 'Its ETag');
    },
  },
  {
    name: 'model/channel-id-from-headline',
    rule: 'Without an id, the id of a channel is derived from its headline, with a number if that id is taken.',
    async run(context) {
      const headline = `Conformance ${context.newId()}`;
      const ids: string[] = [];
      for (let count = 0; count < 2; count += 1) {
        const { body } = await context.mustAnswer(201, '/v1/channels', { method: 'POST', body: { headline } });
        ids.push(body.channel.id);
        context.createdChannels.push(body.channel.id);
      }
      must(/^[a-z0-9](?:[a-z0-9-]{0,94}[a-z0-9])?$/.test(ids[0] as string), `The id should be a slug but is ${ids[0]}.`);
      mustEqual(ids[1], `${ids[0]}-2`, 'The second id');
    },
  },
  {
    name: 'model/embeds-and-sound',
    rule: 'A link can have a post on another site, whose id has the form of its provider, or a sound. Nothing is added to a link.',
    async run(context) {
      const { path } = await context.channel();
      const link = { type: 'link', url: 'https://www.youtube.com/watch?v=dQw4w9WgXcQ', title: 'The vote, in full' };
      const embed = { provider: 'youtube', id: 'dQw4w9WgXcQ' };
      const audio = { url: 'https://radio.example.org/vote.m4a', mimeType: 'audio/mp4' };
      const media = [link, { ...link, embed }, { ...link, audio }];
      const { post } = await context.publish(path, { media });
      mustEqual(post.media, media, 'The media in the answer');
      const read = await context.mustAnswer(200, `${path}/posts/${post.id}`, { token: null });
      mustFit(readerPostSchema, read.body, 'The post');
      mustEqual(read.body.media, media, 'The media for readers');
      const unfit = [
        { ...link, embed: { ...embed, id: '../../evil.example' } },
        { ...link, embed: { ...embed, provider: 'peertube' } },
        { ...link, embed: { provider: 'mastodon', id: '127.0.0.1/@ada/1' } },
        { ...link, audio: { ...audio, url: 'http://radio.example.org/vote.m4a' } },
        { ...link, audio: { ...audio, mimeType: 'text/html' } },
        { ...link, embed, audio },
        { ...link, image: 'http://pictures.example.org/vote.jpg' },
        // No upload of this channel.
        { ...link, embed, image: 'media:AAAAAAAAAAAAAAAAAAAAAA' },
      ];
      for (const one of unfit) {
        await context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body: { media: [one] } });
      }
    },
  },
  {
    name: 'model/focus',
    rule: 'A picture of a post or a channel can have a focus, a point of the picture in shares of its width and height.',
    async run(context) {
      const picture = { url: 'https://pictures.example.org/vote.jpg', alt: 'Two chambers', focus: { x: 0.25, y: 1 } };
      const { path } = await context.channel({ picture });
      const media = [{ type: 'image', ...picture }];
      const { post } = await context.publish(path, { media });
      const read = await context.mustAnswer(200, `${path}/posts/${post.id}`, { token: null });
      mustFit(readerPostSchema, read.body, 'The post');
      mustEqual(read.body.media, media, 'The media for readers');
      const channel = await context.mustAnswer(200, path, { token: null });
      mustEqual(channel.body.picture, picture, 'The picture of the channel');
      for (const focus of [{ x: 1.01, y: 0 }, { x: 0, y: -0.01 }, { x: 0.5 }, '0.5 0.5', null]) {
        const body = { media: [{ ...media[0], focus }] };
        await context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body });
      }
    },
  },
  {
    name: 'model/post',
    rule: 'The answer to publishing a post is 201 with its Location, its ETag, and the offset of its publication as seq.',
    async run(context) {
      const { path } = await context.channel();
      const answer = await context.mustAnswer(201, `${path}/posts`, {
        method: 'POST',
        body: { headline: 'Doors open', body: 'They *queue*.' },
      });
      mustFit(postAnswerSchema, answer.body, 'The answer');
      const { post, offset } = answer.body;
      mustEqual(
        [post.revision, post.seq, post.status, post.kind],
        [1, offset, 'published', 'update'],
        'Revision, seq, status and kind',
      );
      must(answer.headers.get('etag') !== null, 'The answer should have an ETag.');
      must(answer.headers.get('location')?.endsWith(`${path}/posts/${post.id}`) === true, 'Location should lead to the post.');
      must(/^<p>They <em>queue<\/em>\.<\/p>\s*$/.test(post.html), `The body should be rendered but is ${post.html}.`);
      must(post.authors.length > 0, 'A post without authors should have the token’s name.');
    },
  },
  {
    name: 'model/two-views',
    rule: 'Readers never get body, publishedBy, or who made a change. Authors do.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path, { body: 'First.' });
      await context.correct(path, post, 'Second.');
      const forReaders = (await context.mustAnswer(200, `${path}/posts/${post.id}`, { token: null })).body;
      mustFit(readerPostSchema, forReaders, 'The post for readers');
      const told = JSON.stringify(forReaders);
      for (const field of ['"body"', '"publishedBy"', '"by"']) must(!told.includes(field), `A reader is given ${field}.`);
      const forAuthors = (await context.mustAnswer(200, `${path}/posts/${post.id}`)).body;
      mustEqual(forAuthors.body, 'Second.', 'The body in the author’s view');
      must(typeof forAuthors.publishedBy === 'string', 'The author’s view should say who published it.');
      must(typeof forAuthors.history.at(-1)?.by === 'string', 'The author’s view should say who made a change.');
      const snapshot = (await context.mustAnswer(200, `${path}/snapshot`)).body;
      must(!JSON.stringify(snapshot).includes('"publishedBy"'), 'A snapshot should carry the reader’s view for every client.');
    },
  },
  {
    name: 'model/body-kept',
    rule: 'A body is stored unchanged: no smart quotes, no replaced dots or dashes.',
    async run(context) {
      const { path } = await context.channel();
      const body = '"Quoted" -- it\'s ... (c) 1/2\n\n\tä é 👩‍🚀 שלום  ends  ';
      const { post } = await context.publish(path, { body });
      mustEqual(post.body, body, 'The body');
      must(
        post.html.includes('&quot;Quoted&quot; -- it') || post.html.includes('"Quoted" -- it'),
        `Nothing is made prettier, but: ${post.html}`,
      );
    },
  },
  {
    name: 'model/html-is-safe',
    rule: 'Raw HTML in a body is treated as text, and links lead only to https, http and mailto.',
    async run(context) {
      const { path } = await context.channel();
      const body = [
        '<script>alert(1)</script> <img src=x onerror=alert(1)>',
        '[a](javascript:alert(1)) [b](data:text/html,x) [c](https://example.org/c) <javascript:alert(1)>',
        '![alt](https://example.org/pixel.png)',
      ].join('\n\n');
      const { post } = await context.publish(path, { body });
      const tags = [...post.html.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag?.toLowerCase());
      const allowed = 'p br strong em s a ul ol li blockquote code pre h3 h4 hr table thead tbody tr th td'.split(' ');
      for (const tag of tags) must(allowed.includes(tag as string), `The html holds <${tag}>.`);
      for (const [, href] of post.html.matchAll(/href="([^"]*)"/g)) {
        must(/^(?:https?:|mailto:)/.test(href as string), `The html links to ${href}.`);
      }
      must(
        !/on[a-z]+\s*=\s*["']/i.test(post.html.replaceAll(/&[^;]+;/g, '')) || !/<[^>]+\son[a-z]+=/i.test(post.html),
        'The html has a handler.',
      );
    },
  },
  {
    name: 'model/characters',
    rule: 'Characters are Unicode code points: a headline can have 300 of any plane, and not 301.',
    async run(context) {
      const { path } = await context.channel();
      await context.publish(path, { headline: '🚀'.repeat(300) });
      const refused = await context.mustRefuse(400, 'invalid-body', `${path}/posts`, {
        method: 'POST',
        body: { headline: '🚀'.repeat(301) },
      });
      mustEqual(refused.body.errors?.[0]?.path, 'headline', 'The path of the error');
    },
  },
  {
    name: 'model/history',
    rule: 'Every change has a kind, a revision and a time. All changes except a refile change the updatedAt of the post.',
    async run(context) {
      const { path } = await context.channel();
      const first = await context.publish(path);
      mustEqual(first.post.updatedAt, null, 'updatedAt of a new post');
      const refiled = await context.revise(path, first.post, { kind: 'refile', changes: { body: 'It happens!' } });
      mustEqual(refiled.post.updatedAt, null, 'updatedAt after a refile');
      const corrected = await context.correct(path, refiled.post, 'It happened.', 'It is over.');
      must(corrected.post.updatedAt !== null, 'updatedAt should move with a correction.');
      const told = corrected.post.history.map(({ revision, kind, note }) => [revision, kind, note]);
      const inOrder = told.toSorted(([a], [b]) => Number(a) - Number(b));
      mustEqual(
        inOrder,
        [
          [2, 'refile', null],
          [3, 'correction', 'It is over.'],
        ],
        'The history',
      );
    },
  },
  {
    name: 'model/pins-and-summaries',
    rule: 'A snapshot contains the pinned post, the newest summary and the key events beside the newest posts.',
    async run(context) {
      const { path } = await context.channel();
      const { post: pinned } = await context.publish(path);
      const { post: summary } = await context.publish(path, { kind: 'summary', derivedFrom: [pinned.id] });
      const { post: key } = await context.publish(path, { headline: 'It begins', keyEvent: true });
      await context.patch(path, '*', { pinnedPostId: pinned.id });
      const { body } = await context.mustAnswer(200, `${path}/snapshot?limit=1`, { token: null });
      mustEqual([body.pinned?.id, body.summary?.id], [pinned.id, summary.id], 'pinned and summary');
      mustEqual(
        body.keyEvents.map(({ id }: { id: string }) => id),
        [key.id],
        'keyEvents',
      );
      mustEqual([body.posts.map(({ id }: { id: string }) => id), body.more], [[key.id], true], 'The posts');
    },
  },
];
