import { createHash, randomUUID } from 'node:crypto';
import type { PostFields } from '../../src/protocol/model.ts';
import { blankPost } from '../../src/protocol/post-fields.ts';
import { erasureSchema, serverJournalPageSchema } from '../../src/protocol/wire-messages.ts';
import { must, mustEqual } from '../assertions.ts';
import type { Case } from '../case.ts';
import { mustFit } from '../schema-checks.ts';

/** A report with a value in every field. */
function everyField(derivedFrom: string): PostFields {
  return {
    kind: 'breaking',
    keyEvent: true,
    headline: 'He resigns',
    body: 'A wrong report.',
    media: [{ type: 'image', url: 'https://pictures.example/a.png', alt: 'He packs' }],
    authors: [{ name: 'Grace Murray' }],
    sources: [{ name: 'A witness' }],
    verification: 'unverified',
    developing: true,
    derivedFrom: [derivedFrom],
  };
}

/** Retractions, takedowns, erased revisions and deleted channels. */
export const withdrawalCases: readonly Case[] = [
  {
    name: 'withdrawals/retraction',
    rule: 'A retraction leaves a tombstone with its reason: in its place, without text, and no longer among the key events.',
    async run(context) {
      const { path } = await context.channel();
      const { post: other } = await context.publish(path);
      const { post } = await context.publish(path, everyField(other.id));
      const { post: told } = await context.retract(path, post, 'He did not resign.');
      mustEqual([told.status, told.revision], ['retracted', 2], 'Status and revision');
      const { body: seen } = await context.mustAnswer(200, `${path}/posts/${post.id}`, { token: null });
      mustEqual(
        [seen.status, seen.kind, seen.seq, seen.publishedAt],
        ['retracted', post.kind, post.seq, post.publishedAt],
        'What the tombstone keeps',
      );
      const { kind: _kind, ...blank } = blankPost();
      for (const [field, value] of Object.entries(blank)) mustEqual(seen[field], value, `${field} of the tombstone`);
      mustEqual(seen.history.at(-1)?.note, 'He did not resign.', 'The note');
      const { body: snapshot } = await context.mustAnswer(200, `${path}/snapshot`, { token: null });
      mustEqual(snapshot.keyEvents, [], 'keyEvents');
      mustEqual(snapshot.posts[0]?.id, post.id, 'The place of the tombstone');
      must(!JSON.stringify(snapshot).includes('A wrong report'), 'The snapshot still holds the text.');
    },
  },
  {
    name: 'withdrawals/revisions-of-a-retracted-post',
    rule: 'The revisions of a withdrawn post are 404 for readers. Authors still see those of a retracted post.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path, { body: 'A wrong report.' });
      await context.retract(path, post);
      await context.mustRefuse(404, 'not-found', `${path}/posts/${post.id}/revisions`, { token: null });
      const { body } = await context.mustAnswer(200, `${path}/posts/${post.id}/revisions`);
      mustEqual(body.revisions[0]?.body, 'A wrong report.', 'The first revision for authors');
    },
  },
  {
    name: 'withdrawals/no-way-back',
    rule: 'A revision or retraction of a withdrawn post is 409, whatever If-Match says.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      await context.retract(path, post);
      const body = { kind: 'update', changes: { body: 'Back.' } };
      const at = `${path}/posts/${post.id}`;
      await context.mustRefuse(409, 'post-withdrawn', `${at}/revisions`, { method: 'POST', headers: { 'if-match': '1' }, body });
      await context.mustRefuse(409, 'post-withdrawn', `${at}/retraction`, { method: 'POST', body: { note: 'Again.' } });
    },
  },
  {
    name: 'withdrawals/takedown',
    rule: 'A takedown erases: no answer contains the text, the revisions are missing, and the notes of earlier changes are null.',
    async run(context) {
      const { path } = await context.channel();
      const secret = `Secret ${context.newId()}`;
      const { post } = await context.publish(path, { headline: secret, body: secret });
      const corrected = await context.correct(path, post, `${secret}, again`, `Not ${secret}`);
      const answer = await context.takeDown(path, corrected.post);
      mustFit(erasureSchema, answer.erasure, 'erasure');
      mustEqual([answer.post.status, answer.post.revision], ['taken-down', 3], 'Status and revision');
      const places = ['/snapshot', '/posts', `/posts/${post.id}`, '/events', '/corrections', '/journal'];
      for (const place of places) {
        const { text } = await context.mustAnswer(200, path + place);
        must(!text.includes(secret), `${place} still holds the text, or a note that quotes it.`);
      }
      const revisions = await context.request(`${path}/posts/${post.id}/revisions`);
      must(!revisions.text.includes(secret), 'The revisions still hold the text.');
    },
  },
  {
    name: 'withdrawals/takedown-of-a-retracted-post',
    rule: 'A takedown of a retracted post is an event. Sent again, the takedown returns the state and changes nothing.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      await context.retract(path, post);
      const first = await context.takeDown(path, post);
      mustEqual([first.post.status, first.post.revision], ['taken-down', 3], 'Status and revision');
      const entries = (await context.journal(path)).length;
      await context.takeDown(path, post);
      mustEqual((await context.journal(path)).length, entries, 'The number of entries after it was asked again');
    },
  },
  {
    name: 'withdrawals/unpins',
    rule: 'The write that withdraws a pinned post also unpins it: two events in a row, and the cursor of the answer is after both.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      const { offset } = await context.patch(path, '*', { pinnedPostId: post.id });
      const answer = await context.retract(path, post);
      mustEqual(answer.offset, offset + 2, 'The offset of the answer');
      const types = (await context.journal(path)).slice(-2).map(({ type }) => type);
      mustEqual(types, ['post.retracted', 'channel.changed'], 'The last two entries');
      const { body } = await context.mustAnswer(200, `${path}/snapshot`, { token: null });
      mustEqual([body.pinned, body.channel.pinnedPostId], [null, null], 'pinned');
    },
  },
  {
    name: 'withdrawals/erase-earlier',
    rule: 'eraseEarlier erases the earlier revisions and the notes that eraseNotes names. The post and the other notes remain, and the journal records the erasure.',
    async run(context) {
      const { path } = await context.channel();
      const secret = `Secret ${context.newId()}`;
      const { post } = await context.publish(path, { body: secret });
      const second = await context.correct(path, post, 'Without.', `It said ${secret}`);
      const third = await context.correct(path, second.post, 'Still without.', 'The time was wrong.');
      const headers = { 'if-match': String(third.post.revision) };
      const changes = { body: 'Clean.' };
      const body = { kind: 'correction', note: 'A name was removed.', changes, eraseEarlier: true, eraseNotes: [2] };
      const answer = await context.request(`${path}/posts/${post.id}/revisions`, { method: 'POST', headers, body });
      must([200, 202].includes(answer.status), `It should answer 200 or 202 but answers ${answer.status}.`);
      mustFit(erasureSchema, answer.body.erasure, 'erasure');
      const revisions = await context.mustAnswer(200, `${path}/posts/${post.id}/revisions`);
      mustEqual(
        revisions.body.revisions.map(({ revision }: { revision: number }) => revision),
        [4],
        'The revisions that are left',
      );
      must(!revisions.text.includes(secret), 'The text is still there.');
      must(!(await context.mustAnswer(200, `${path}/posts/${post.id}`)).text.includes(secret), 'A note still quotes it.');
      const { body: list } = await context.mustAnswer(200, `${path}/corrections`, { token: null });
      const notes = list.corrections.map(({ note }: { note: string | null }) => note);
      mustEqual(notes, ['A name was removed.', 'The time was wrong.', null], 'The notes of the corrections');
      mustEqual((await context.journal(path)).at(-1)?.erases, 3, 'The field "erases" of the last journal entry');
      const more = { method: 'POST' as const, headers: { 'if-match': '*' }, body: { ...body, eraseNotes: [9] } };
      await context.mustRefuse(400, 'invalid-body', `${path}/posts/${post.id}/revisions`, more);
    },
  },
  {
    name: 'withdrawals/corrections-list',
    rule: 'The list of corrections contains clarifications, corrections, retractions and takedowns, newest first.',
    async run(context) {
      const { path } = await context.channel();
      const { post: one } = await context.publish(path, { headline: 'One' });
      const { post: two } = await context.publish(path, { headline: 'Two' });
      const corrected = await context.correct(path, one, 'Otherwise.', 'It was otherwise.');
      await context.revise(path, corrected.post, { kind: 'refile', changes: { body: 'Otherwise!' } });
      await context.retract(path, two, 'Wrong.');
      const { body } = await context.mustAnswer(200, `${path}/corrections`, { token: null });
      const told = body.corrections.map(({ postId, kind, note }: Record<string, unknown>) => [postId, kind, note]);
      mustEqual(
        told,
        [
          [two.id, 'retraction', 'Wrong.'],
          [one.id, 'correction', 'It was otherwise.'],
        ],
        'The corrections',
      );
    },
  },
  {
    name: 'withdrawals/deleted-channel',
    rule: 'A deleted channel is 410 from then on, its id cannot be used again, and its subscriptions end with "gone".',
    admin: true,
    async run(context) {
      const { id, path } = await context.channel();
      await context.publish(path);
      using socket = await context.socket();
      await socket.follow(id);
      const deleted = await context.request(path, { method: 'DELETE' });
      must([202, 204].includes(deleted.status), `A deletion should answer 204 or 202 but answers ${deleted.status}.`);
      mustEqual(await socket.message('unsubscribed'), { channelId: id, reason: 'gone' }, 'What the subscription is told');
      await context.mustRefuse(410, 'channel-deleted', path, { token: null });
      await context.mustRefuse(410, 'channel-deleted', `${path}/snapshot`, { token: null });
      const again = await context.request('/v1/channels', { method: 'POST', body: { id, headline: 'Again' } });
      must(
        again.status === 409 || again.status === 410,
        `Its id should stay used, but creating it again answers ${again.status}.`,
      );
    },
  },
  {
    name: 'withdrawals/deletion-at-a-cursor',
    rule: 'A deletion with `at` is refused if the channel has changed since that cursor, and once another request deleted it.',
    admin: true,
    async run(context) {
      const { path } = await context.channel();
      const before = (await context.mustAnswer(200, `${path}/snapshot`)).body.cursor;
      await context.publish(path);
      await context.mustRefuse(412, 'revision-moved', `${path}?at=${before}`, { method: 'DELETE' });
      await context.mustRefuse(400, 'invalid-cursor', `${path}?at=now`, { method: 'DELETE' });
      const { cursor } = (await context.mustAnswer(200, `${path}/snapshot`)).body;
      const deletion = { method: 'DELETE', headers: { 'Idempotency-Key': randomUUID() } } as const;
      for (const time of ['first', 'second']) {
        const { status } = await context.request(`${path}?at=${cursor}`, deletion);
        must([202, 204].includes(status), `The ${time} deletion should answer 204 or 202 but answers ${status}.`);
      }
      await context.mustRefuse(410, 'channel-deleted', `${path}?at=${cursor}`, { method: 'DELETE' });
    },
  },
  {
    name: 'withdrawals/server-journal',
    rule: "The server's own journal shows administrators who created and deleted a channel, in a hash chain.",
    admin: true,
    async run(context) {
      const { id, path } = await context.channel();
      await context.request(path, { method: 'DELETE' });
      let check = '';
      const told: string[] = [];
      for (let from = 1, more = true; more; ) {
        const { body } = await context.mustAnswer(200, `/v1/journal?from=${from}&limit=100`);
        mustFit(serverJournalPageSchema, body, 'The page');
        check ||= body.root;
        for (const { offset, hash, subject, type, check: after } of body.entries) {
          mustEqual(offset, from, 'The offset');
          check = createHash('sha1').update(`${check}|${offset}|${hash}`).digest('hex');
          mustEqual(after, check, `The check at ${offset}`);
          if (subject === id) told.push(type);
          from += 1;
        }
        more = body.more;
      }
      mustEqual(told, ['channel.created', 'channel.deleted'], 'What is told of the channel');
      await context.mustRefuse(401, 'token-missing', '/v1/journal', { token: null });
    },
  },
];
