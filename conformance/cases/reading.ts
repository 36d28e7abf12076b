import type { CatchUp, ListedChannel, ReplayCatchUp } from '../../src/protocol/model.ts';
import { catchUpSchema, channelListSchema, snapshotSchema } from '../../src/protocol/wire-messages.ts';
import { must, mustEqual } from '../assertions.ts';
import type { Case } from '../case.ts';
import { mustCover } from '../case-context.ts';
import { mustFit } from '../schema-checks.ts';

/** Cursors and catching up, over HTTP. */
export const catchUpCases: readonly Case[] = [
  {
    name: 'catch-up/from-nothing',
    rule: 'Without a cursor, the answer is a snapshot that covers everything up to its offset and is not a reset.',
    async run(context) {
      const { path } = await context.channel();
      const { post, offset, cursor } = await context.publish(path);
      const said = await context.catchUp(path);
      mustFit(catchUpSchema, said, 'The answer');
      mustEqual(
        [said.mode, said.reset, said.covers, said.more],
        ['snapshot', false, { after: 0, to: offset }, false],
        'The answer',
      );
      mustEqual(said.cursor, cursor, 'Its cursor');
      if (said.mode === 'snapshot')
        mustEqual(
          said.snapshot.posts.map(({ id }) => id),
          [post.id],
          'Its posts',
        );
    },
  },
  {
    name: 'catch-up/nothing-new',
    rule: 'At the newest offset, the answer is a replay without events whose after equals its to.',
    async run(context) {
      const { path } = await context.channel();
      const { cursor, offset } = await context.publish(path);
      const said = await context.catchUp(path, cursor);
      mustEqual([said.mode, said.covers, said.cursor], ['replay', { after: offset, to: offset }, cursor], 'The answer');
      mustEqual(eventsOf(said), [], 'The events');
    },
  },
  {
    name: 'catch-up/counts',
    rule: 'Snapshots and complete catch-ups have counts as of their cursor: published posts without withdrawn ones, key events among them, and entries of the list of corrections.',
    async run(context) {
      const { path } = await context.channel();
      const countsAfter = async (cursor: string) => (await context.catchUp(path, cursor)).counts;
      const key = await context.publish(path, { keyEvent: true, headline: 'Doors open' });
      const plain = await context.publish(path);
      mustEqual(await countsAfter(key.cursor), { posts: 2, keyEvents: 1, corrections: 0 }, 'The counts of two posts');
      const corrected = await context.correct(path, plain.post, 'Corrected.');
      mustEqual(await countsAfter(plain.cursor), { posts: 2, keyEvents: 1, corrections: 1 }, 'The counts after a correction');
      await context.revise(path, corrected.post, { kind: 'refile', changes: { keyEvent: true, headline: 'Doors close' } });
      mustEqual(await countsAfter(corrected.cursor), { posts: 2, keyEvents: 2, corrections: 1 }, 'The counts after a refile');
      await context.retract(path, key.post);
      const { body } = await context.mustAnswer(200, `${path}/corrections`, { token: null });
      const counts = { posts: 1, keyEvents: 1, corrections: body.corrections.length };
      const said = await context.catchUp(path);
      must(said.mode === 'snapshot', 'The answer should be a snapshot.');
      mustEqual([said.counts, said.snapshot.counts], [counts, counts], 'The counts of the snapshot');
      const part = await context.catchUp(path, key.cursor, 1);
      const rest = await context.catchUp(path, part.cursor);
      mustEqual([part.more, rest.more, rest.counts], [true, false, counts], 'The end of a catch-up in two parts');
    },
  },
  {
    name: 'catch-up/latest-state-once',
    rule: 'Each changed post is included once, in its latest state, in the order of the last changes. Superseded text is never served again.',
    async run(context) {
      const { path } = await context.channel();
      const start = await context.publish(path, { body: 'Start.' });
      const one = await context.publish(path, { body: 'Superseded one.' });
      const two = await context.publish(path, { body: 'Two.' });
      const corrected = await context.correct(path, one.post, 'Superseded again.');
      const last = await context.correct(path, corrected.post, 'One.');
      const said = await context.catchUp(path, start.cursor);
      mustFit(catchUpSchema, said, 'The answer');
      const events = eventsOf(said);
      mustEqual(
        events.map((event) => ('post' in event ? [event.post.id, event.post.revision] : [])),
        [
          [two.post.id, 1],
          [one.post.id, 3],
        ],
        'The posts',
      );
      mustCover(events, start.offset, last.offset);
      mustEqual([said.covers, said.cursor], [{ after: start.offset, to: last.offset }, last.cursor], 'What it covers');
      must(!JSON.stringify(said).includes('Superseded'), 'The answer holds text that was superseded.');
    },
  },
  {
    name: 'catch-up/withdrawn-text',
    rule: 'A post withdrawn in the meantime is included as a tombstone, and its text is not served.',
    async run(context) {
      const { path } = await context.channel();
      const { cursor } = await context.publish(path);
      const { post } = await context.publish(path, { body: 'Withdrawn later.' });
      await context.retract(path, post, 'Wrong.');
      const said = await context.catchUp(path, cursor);
      mustEqual(
        eventsOf(said).map(({ type }) => type),
        ['post.retracted'],
        'The events',
      );
      must(!JSON.stringify(said).includes('Withdrawn later'), 'The answer holds text that was withdrawn.');
    },
  },
  {
    name: 'catch-up/whoever-saw-it-is-told',
    rule: 'A reader who saw a wrong version gets its correction, with the note, however much happened since.',
    async run(context) {
      const { path } = await context.channel();
      const wrong = await context.publish(path, { body: 'Wrong.' });
      for (let count = 0; count < 30; count += 1) await context.publish(path, { body: `Post ${count}.` });
      await context.correct(path, wrong.post, 'Right.', 'It was wrong.');
      let after = wrong.cursor;
      const seen: unknown[] = [];
      for (let answers = 0; answers < 40; answers += 1) {
        const said = await context.catchUp(path, after, 10);
        mustCover(eventsOf(said), said.covers.after, said.covers.to);
        for (const event of eventsOf(said))
          if ('post' in event && event.post.id === wrong.post.id) seen.push(event.post.history.at(-1)?.note);
        after = said.cursor;
        if (!said.more) break;
      }
      mustEqual(seen, ['It was wrong.'], 'What the reader hears of the post');
    },
  },
  {
    name: 'catch-up/pages',
    rule: 'With a limit, the answer is cut and has more, and the next answer continues from its cursor without a gap.',
    async run(context) {
      const { path } = await context.channel();
      const { body: made } = await context.mustAnswer(200, `${path}/snapshot`);
      for (let count = 0; count < 5; count += 1) await context.publish(path);
      const answers: CatchUp[] = [];
      let after: string = made.cursor;
      do {
        const said = await context.catchUp(path, after, 2);
        answers.push(said);
        after = said.cursor;
      } while (answers.at(-1)?.more && answers.length < 10);
      mustEqual(answers.map((said) => eventsOf(said).length).slice(0, 2), [2, 2], 'The first two answers');
      mustCover(answers.flatMap(eventsOf), 1, 6);
      mustEqual(answers.at(-1)?.covers.to, 6, 'Where the last one ends');
    },
  },
  {
    name: 'catch-up/another-history',
    rule: 'A cursor of another channel is a reset with a snapshot, never "nothing new".',
    async run(context) {
      const one = await context.channel();
      const two = await context.channel();
      const { cursor } = await context.publish(one.path);
      await context.publish(two.path);
      const said = await context.catchUp(two.path, cursor);
      mustEqual([said.mode, said.reset], ['snapshot', true], 'The answer');
    },
  },
  {
    name: 'catch-up/a-made-up-cursor',
    rule: 'A cursor that no server issued is refused or is a reset, never "nothing new".',
    async run(context) {
      const { path } = await context.channel();
      const { cursor } = await context.publish(path);
      const last = cursor.at(-1) === '0' ? '1' : '0';
      const forged = await context.request(`${path}/events?after=${encodeURIComponent(cursor.slice(0, -1) + last)}`, {
        token: null,
      });
      const isReset = forged.status === 200 && forged.body?.reset === true;
      must(isReset || forged.body?.code === 'invalid-cursor', `It answers ${forged.status} ${forged.text.slice(0, 200)}`);
      await context.mustRefuse(400, 'invalid-cursor', `${path}/events?after=what-is-this`, { token: null });
    },
  },
  {
    name: 'catch-up/cursors-of-all-answers',
    rule: 'The cursors of a write, a page, a snapshot and an event are valid for catching up and have at most 128 URL-safe characters.',
    async run(context) {
      const { path } = await context.channel();
      const { cursor: written, offset } = await context.publish(path);
      const page = (await context.mustAnswer(200, `${path}/posts`, { token: null })).body.cursor;
      const snapshot = (await context.mustAnswer(200, `${path}/snapshot`, { token: null })).body.cursor;
      for (const cursor of [written, page, snapshot]) {
        must(/^[A-Za-z0-9._~-]{1,128}$/.test(cursor), `A cursor is ${cursor}.`);
        mustEqual((await context.catchUp(path, cursor)).covers, { after: offset, to: offset }, `What is missed since ${cursor}`);
      }
    },
  },
  {
    name: 'catch-up/limits',
    rule: 'A limit that is not a number from 1 to 1,000 is 400.',
    async run(context) {
      const { path } = await context.channel();
      for (const limit of ['0', '1001', 'x', '-1', '1.5']) {
        await context.mustRefuse(400, 'invalid-body', `${path}/events?limit=${limit}`, { token: null });
      }
    },
  },
];

/** Snapshots, pages and lists. */
export const readingCases: readonly Case[] = [
  {
    name: 'reading/snapshot-etag',
    rule: 'A snapshot has a strong ETag: 304 while nothing changed, and a different one after any change.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      const first = await context.mustAnswer(200, `${path}/snapshot`, { token: null });
      mustFit(snapshotSchema, first.body, 'The snapshot');
      const etag = first.headers.get('etag') ?? '';
      must(/^"/.test(etag), `The ETag should be strong but is ${etag}.`);
      await context.mustAnswer(304, `${path}/snapshot`, { token: null, headers: { 'if-none-match': etag } });
      await context.correct(path, post, 'Otherwise.');
      await context.mustAnswer(200, `${path}/snapshot`, { token: null, headers: { 'if-none-match': etag } });
    },
  },
  {
    name: 'reading/pages',
    rule: 'Pages of posts are ordered by seq, newest first. With "after" they contain the oldest posts above it, still newest first. Link leads to the next page.',
    async run(context) {
      const { path } = await context.channel();
      for (let count = 0; count < 5; count += 1) await context.publish(path);
      const seqs = async (query: string) => {
        const { body, headers } = await context.mustAnswer(200, `${path}/posts?${query}`, { token: null });
        return { seqs: body.posts.map(({ seq }: { seq: number }) => seq), more: body.more, link: headers.get('link') };
      };
      const first = await seqs('limit=2');
      mustEqual([first.seqs, first.more], [[6, 5], true], 'The first page');
      must(first.link?.includes('rel="next"') === true, 'A page with more after it should have a Link to the next.');
      mustEqual((await seqs('limit=2&before=5')).seqs, [4, 3], 'The page before seq 5');
      const end = await seqs('limit=2&before=3');
      mustEqual([end.seqs, end.more], [[2], false], 'The last page');
      mustEqual((await seqs('limit=2&after=3')).seqs, [5, 4], 'The page after seq 3');
    },
  },
  {
    name: 'reading/filters',
    rule: 'Posts can be filtered by kind, key event and source. A source matches by its complete name, ignoring case. Only the kind filter includes tombstones.',
    async run(context) {
      const { path } = await context.channel();
      const { post: sourced } = await context.publish(path, { sources: [{ name: 'Reuters', via: 'APA' }] });
      const { post: key } = await context.publish(path, { headline: 'Key', keyEvent: true });
      const { post: analysis } = await context.publish(path, { kind: 'analysis' });
      const ids = async (query: string) =>
        (await context.mustAnswer(200, `${path}/posts?${query}`, { token: null })).body.posts.map(({ id }: { id: string }) => id);
      mustEqual(await ids('kind=analysis'), [analysis.id], 'Posts of a kind');
      mustEqual(await ids('keyEvent=true'), [key.id], 'Key events');
      mustEqual(await ids('source=REUTERS'), [sourced.id], 'Posts of a source');
      mustEqual(await ids('source=apa'), [sourced.id], 'Posts by the via of a source');
      mustEqual(await ids('source=Reut'), [], 'Posts of a part of a name');
      await context.retract(path, analysis);
      mustEqual(await ids('kind=analysis'), [analysis.id], 'Posts of a kind, one of them withdrawn');
      mustEqual(await ids('kind=analysis&keyEvent=false'), [], 'Posts of a kind that are not key events, one of them withdrawn');
    },
  },
  {
    name: 'reading/revisions',
    rule: 'The revisions of a post are listed oldest first, each as it was.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path, { body: 'One.' });
      const second = await context.correct(path, post, 'Two.');
      await context.correct(path, second.post, 'Three.');
      const { body } = await context.mustAnswer(200, `${path}/posts/${post.id}/revisions?limit=2`);
      mustEqual(
        body.revisions.map((one: { body: string }) => one.body),
        ['One.', 'Two.'],
        'The first two',
      );
      mustEqual(body.more, true, 'more');
      const rest = await context.mustAnswer(200, `${path}/posts/${post.id}/revisions?after=2`);
      mustEqual(
        rest.body.revisions.map(({ revision }: { revision: number }) => revision),
        [3],
        'The rest',
      );
    },
  },
  {
    name: 'reading/journal',
    rule: 'The journal has an entry for every offset, with facts and hashes but without text.',
    async run(context) {
      const { path } = await context.channel();
      const text = `Text ${context.newId()}`;
      const { post } = await context.publish(path, { body: text });
      await context.correct(path, post, `${text}.`, `Note ${text}`);
      const entries = await context.journal(path);
      mustEqual(
        entries.map(({ offset }) => offset),
        [1, 2, 3],
        'The offsets',
      );
      mustEqual(
        entries.map(({ type, kind }) => [type, kind]),
        [
          ['channel.changed', null],
          ['post.published', null],
          ['post.revised', 'correction'],
        ],
        'The facts',
      );
      must(!JSON.stringify(entries).includes(text), 'The journal holds text.');
      mustEqual(new Set(entries.map(({ check }) => check)).size, 3, 'The number of checks');
      await context.mustRefuse(401, 'token-missing', `${path}/journal`, { token: null });
    },
  },
  {
    name: 'reading/channels',
    rule: 'Channels are listed newest first, in pages, with the time of their latest post. Channels with the access desk are not listed.',
    async run(context) {
      const open = await context.channel();
      const desk = await context.channel({ access: 'desk' });
      const { post } = await context.publish(open.path);
      const found: { id: string; latestPostAt: string | null }[] = [];
      let page: string | null = '';
      for (let pages = 0; page !== null && pages < 50; pages += 1) {
        const next: string = page === '' ? '' : `&page=${encodeURIComponent(page)}`;
        const { body } = await context.mustAnswer(200, `/v1/channels?limit=100${next}`, { token: null });
        mustFit(channelListSchema, body, 'The list');
        found.push(...body.channels);
        page = found.some(({ id }) => id === open.id) ? null : body.next;
      }
      mustEqual(found.find(({ id }) => id === open.id)?.latestPostAt, post.publishedAt, 'latestPostAt');
      must(!found.some(({ id }) => id === desk.id), 'A desk channel is listed for a stranger.');
    },
  },
  {
    name: 'reading/channels-by-activity',
    rule: 'With `order=activity`, the channels of a state are listed by activity: live ones by their latest post, scheduled ones by `startsAt`, ended ones by `endedAt`. `order` without `state` is refused.',
    async run(context) {
      const list = async (state: string): Promise<ListedChannel[]> => {
        const { body } = await context.mustAnswer(200, `/v1/channels?state=${state}&order=activity&limit=100`);
        mustFit(channelListSchema, body, 'The list');
        return body.channels;
      };
      const mustHold = (channels: ListedChannel[], ids: string[], dateOf: (channel: ListedChannel) => string | null) => {
        for (const id of ids)
          must(
            channels.some((channel) => channel.id === id),
            'A channel at the top is not on the first page.',
          );
        const dates = channels.map(dateOf).filter((date) => date !== null);
        mustEqual(dates, dates.toSorted().reverse(), 'The dates in their order');
      };
      const first = await context.channel();
      const second = await context.channel();
      for (const { path } of [second, first]) await context.publish(path);
      const ids = [first.id, second.id];
      mustHold(await list('live'), ids, ({ latestPostAt, startedAt }) => latestPostAt ?? startedAt);
      for (const { path } of [second, first]) await context.patch(path, '*', { state: 'ended' });
      must(!(await list('live')).some(({ id }) => ids.includes(id)), 'An ended channel is listed as live.');
      mustHold(await list('ended'), ids, ({ endedAt }) => endedAt);
      const days = ['2001-01-02', '2001-01-01'];
      for (const day of days) await context.channel({ state: 'scheduled', startsAt: `${day}T00:00:00.000Z` });
      const scheduled = (await list('scheduled')).map(({ startsAt }) => startsAt).filter((date) => date !== null);
      mustEqual(scheduled, scheduled.toSorted(), 'The planned starts in their order');
      must(
        scheduled.some((date) => date.startsWith('2001-01-01')),
        'A channel that starts soon is not on the first page.',
      );
      await context.mustRefuse(400, 'invalid-body', '/v1/channels?order=activity', { token: null });
    },
  },
  {
    name: 'reading/not-found',
    rule: 'Without a token, the answer for a channel with the access desk is the same as for an unknown channel.',
    async run(context) {
      const { path } = await context.channel({ access: 'desk' });
      const desk = await context.mustRefuse(404, 'not-found', path, { token: null });
      const unknown = await context.mustRefuse(404, 'not-found', `/v1/channels/${context.newId()}`, { token: null });
      mustEqual(desk.body, unknown.body, 'The answer for a desk channel');
      await context.mustAnswer(200, path);
    },
  },
  {
    name: 'reading/what-is-not-found',
    rule: 'A 404 says in `detail` whether the channel, the post or the path is unknown.',
    async run(context) {
      const { path } = await context.channel();
      const unknown = [`/v1/channels/${context.newId()}`, `${path}/posts/01890000-0000-7000-8000-000000000000`, '/v1/nothing'];
      const details = new Set<unknown>();
      for (const place of unknown) {
        const { body } = await context.mustRefuse(404, 'not-found', place);
        must(typeof body.detail === 'string' && body.detail.includes('/docs'), `The 404 of ${place} does not point to /docs.`);
        details.add(body.detail);
      }
      mustEqual(details.size, unknown.length, 'How many details differ');
    },
  },
  {
    name: 'reading/members',
    rule: 'Without a token, a members’ channel can be read but not its posts. With a token both can be read.',
    async run(context) {
      const { path } = await context.channel({ access: 'members' });
      await context.publish(path);
      await context.mustAnswer(200, path, { token: null });
      for (const place of ['/snapshot', '/events', '/posts', '/corrections']) {
        await context.mustRefuse(401, 'token-missing', path + place, { token: null });
      }
      await context.mustAnswer(200, `${path}/snapshot`);
    },
  },
  {
    name: 'reading/caching',
    rule: 'Caches must revalidate public answers. Answers to a token are private, are not stored, and vary by the token.',
    async run(context) {
      const { path } = await context.channel();
      await context.publish(path);
      const open = await context.mustAnswer(200, `${path}/snapshot`, { token: null });
      must(
        /\bno-cache\b/.test(open.headers.get('cache-control') ?? ''),
        `Cache-Control is ${open.headers.get('cache-control')}.`,
      );
      const { post } = await context.publish(path);
      const own = await context.mustAnswer(200, `${path}/posts/${post.id}`);
      must(
        /\bprivate\b.*\bno-store\b|\bno-store\b.*\bprivate\b/.test(own.headers.get('cache-control') ?? ''),
        `With a token, Cache-Control is ${own.headers.get('cache-control')}.`,
      );
      must(/\bauthorization\b/i.test(own.headers.get('vary') ?? ''), `With a token, Vary is ${own.headers.get('vary')}.`);
    },
  },
  {
    name: 'reading/bad-token',
    rule: 'A bad token is refused even where no token is needed.',
    async run(context) {
      const { path } = await context.channel();
      await context.mustRefuse(401, 'token-invalid', path, { token: 'what.is.this' });
      // A token that claims to need no signature.
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const now = Math.floor(Date.now() / 1_000);
      const claims = { aud: 'pressbox', sub: 'x', jti: 'x', iat: now, exp: now + 60, pressbox: { admin: true } };
      await context.mustRefuse(401, 'token-invalid', path, { token: `${part({ alg: 'none' })}.${part(claims)}.` });
    },
  },
  {
    name: 'reading/origins',
    rule: 'A page of an origin that is not allowed gets no CORS permission to read.',
    async run(context) {
      const { path } = await context.channel();
      const answer = await context.mustAnswer(200, path, { token: null, headers: { origin: 'https://elsewhere.invalid' } });
      const allowed = answer.headers.get('access-control-allow-origin');
      must(allowed === null || allowed === '*', `Access-Control-Allow-Origin is ${allowed}.`);
    },
  },
  {
    name: 'reading/operators',
    rule: 'Health, readiness and metrics are served.',
    async run(context) {
      await context.mustAnswer(200, '/healthz', { token: null });
      await context.mustAnswer(200, '/readyz', { token: null });
      const { headers } = await context.mustAnswer(200, '/metrics', { token: null });
      must(headers.get('content-type')?.startsWith('text/plain') === true, 'Metrics should be text.');
      const { text } = await context.mustAnswer(200, '/metrics?limits=1', { token: null });
      must(text.includes('\npressbox_limit{'), 'Metrics with `limits=1` should contain the limits.');
    },
  },
];

function eventsOf(said: CatchUp): ReplayCatchUp['events'] {
  return said.mode === 'replay' ? said.events : [];
}
