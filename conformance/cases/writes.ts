import { must, mustEqual } from '../assertions.ts';
import type { Case } from '../case.ts';
import type { CaseContext } from '../case-context.ts';
import type { TestRequest } from '../server-under-test.ts';

/** Writes: refusals that change nothing, idempotency keys, If-Match, and the states of a channel. */
export const writeCases: readonly Case[] = [
  {
    name: 'writes/unknown-field',
    rule: 'An unknown field is refused with 400 invalid-body and its path, and nothing changes.',
    async run(context) {
      const { path } = await context.channel();
      await unchanged(context, path, async () => {
        const refused = await context.mustRefuse(400, 'invalid-body', `${path}/posts`, {
          method: 'POST',
          body: { body: 'x', colour: 'red' },
        });
        must(Array.isArray(refused.body.errors) && refused.body.errors.length > 0, 'The problem should hold errors.');
      });
    },
  },
  {
    name: 'writes/empty-post',
    rule: 'A post requires a headline, a body or media.',
    async run(context) {
      const { path } = await context.channel();
      await unchanged(context, path, () =>
        context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body: { kind: 'update' } }),
      );
    },
  },
  {
    name: 'writes/invisible-text',
    rule: 'A headline, name or note of invisible characters only is refused like an empty one, and nothing changes.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      await unchanged(context, path, async () => {
        for (const invisible of ['\u200b\u2060', '\u202e', '\u00ad', '\u115f\u3164\uffa0', '\u2800', '\u{e0041}', '\ufe0f']) {
          const bodies = [{ headline: invisible }, { body: invisible }, { body: 'x', authors: [{ name: invisible }] }];
          for (const body of bodies) await context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body });
          const revision = { kind: 'correction', note: invisible, changes: { body: 'Other.' } };
          const headers = { 'if-match': '*' };
          const at = `${path}/posts/${post.id}/revisions`;
          await context.mustRefuse(400, 'invalid-body', at, { method: 'POST', headers, body: revision });
        }
      });
      await context.publish(path, { headline: '\u{1f468}\u200d\u{1f692}\ufe0f' });
    },
  },
  {
    name: 'writes/dates-do-not-go-back',
    rule: 'No entry of a channel has an earlier date than the entry before it, and a change of a post has the date of its entry.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      const corrected = await context.correct(path, post, 'Otherwise.');
      await context.publish(path);
      await context.retract(path, corrected.post);
      const dates = (await context.journal(path)).map(({ at }) => at);
      mustEqual(dates, dates.toSorted(), 'The dates of the entries');
      mustEqual([post.publishedAt, corrected.post.updatedAt], dates.slice(1, 3), 'The dates of the post');
    },
  },
  {
    name: 'writes/key-event-needs-headline',
    rule: 'A key event requires a headline.',
    async run(context) {
      const { path } = await context.channel();
      await context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body: { body: 'x', keyEvent: true } });
    },
  },
  {
    name: 'writes/malformed-json',
    rule: 'A body that is not JSON is 400, a content type other than JSON is 415, and more than 1 MiB is 413.',
    async run(context) {
      const { path } = await context.channel();
      await unchanged(context, path, async () => {
        await context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body: '{"body": "x"' });
        const headers = { 'content-type': 'text/plain' };
        await context.mustRefuse(415, 'wrong-type', `${path}/posts`, { method: 'POST', body: '{"body": "x"}', headers });
        await context.mustRefuse(413, 'too-large', `${path}/posts`, { method: 'POST', body: { body: 'x'.repeat(1024 * 1024) } });
      });
    },
  },
  {
    name: 'writes/two-of-a-header',
    rule: 'A request with two Host, Authorization, Content-Type or Idempotency-Key headers is 400, and nothing changes.',
    async run(context) {
      const { path } = await context.channel();
      const second = {
        host: 'elsewhere.invalid',
        authorization: 'Bearer another',
        'content-type': 'text/plain',
        'idempotency-key': context.newId(),
      };
      await unchanged(context, path, async () => {
        for (const [name, value] of Object.entries(second)) {
          const headers = { 'idempotency-key': context.newId() };
          const ask = { method: 'POST', body: { body: 'Once.' }, headers, second: { [name]: value } } as const;
          const { status } = await context.request(`${path}/posts`, ask);
          must(
            status === 400,
            `Two ${name} headers are answered ${status} instead of 400. If a proxy made one of them, test the server behind it.`,
          );
        }
      });
    },
  },
  {
    name: 'writes/chosen-ids',
    rule: 'A client may choose the id of a post, a UUIDv7. A taken post id is 409 post-exists, a taken channel id 409 channel-exists.',
    async run(context) {
      const { id: channelId, path } = await context.channel();
      const id = '019ac000-0000-7000-8000-000000000001';
      const { post } = await context.publish(path, { id });
      mustEqual(post.id, id, 'The id');
      await context.mustRefuse(409, 'post-exists', `${path}/posts`, { method: 'POST', body: { id, body: 'Another.' } });
      await context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body: { id: 'mine', body: 'x' } });
      await context.mustRefuse(409, 'channel-exists', '/v1/channels', { method: 'POST', body: { id: channelId, headline: 'x' } });
    },
  },
  {
    name: 'writes/idempotency',
    rule: 'A write sent twice with one key is performed once, and its first answer is repeated with Idempotency-Replayed.',
    async run(context) {
      const { path } = await context.channel();
      const ask = { method: 'POST', body: { body: 'Once.' }, headers: { 'idempotency-key': context.newId() } } as const;
      const first = await context.mustAnswer(201, `${path}/posts`, ask);
      const second = await context.mustAnswer(201, `${path}/posts`, ask);
      mustEqual(second.body, first.body, 'The second answer');
      mustEqual(second.headers.get('idempotency-replayed'), 'true', 'Idempotency-Replayed');
      mustEqual(first.headers.get('idempotency-replayed'), null, 'Idempotency-Replayed of the first answer');
      mustEqual((await context.journal(path)).length, 2, 'The number of entries');
    },
  },
  {
    name: 'writes/idempotency-at-once',
    rule: 'If ten writes with one key arrive at once, one is performed.',
    async run(context) {
      const { path } = await context.channel();
      const ask = { method: 'POST', body: { body: 'Once.' }, headers: { 'idempotency-key': context.newId() } } as const;
      const answers = await Promise.all(Array.from({ length: 10 }, () => context.mustAnswer(201, `${path}/posts`, ask)));
      mustEqual(new Set(answers.map(({ body }) => body.post.id)).size, 1, 'The number of posts told');
      mustEqual((await context.journal(path)).length, 2, 'The number of entries');
    },
  },
  {
    name: 'writes/key-reused',
    rule: 'A key that was used for another request is 422 key-reused, and nothing changes.',
    async run(context) {
      const { path } = await context.channel();
      const headers = { 'idempotency-key': context.newId() };
      await context.mustAnswer(201, `${path}/posts`, { method: 'POST', body: { body: 'One.' }, headers });
      await unchanged(context, path, () =>
        context.mustRefuse(422, 'key-reused', `${path}/posts`, { method: 'POST', body: { body: 'Two.' }, headers }),
      );
    },
  },
  {
    name: 'writes/if-match-missing',
    rule: 'A revision, and a change of a channel, without If-Match is 428.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      const body = { kind: 'update', changes: { body: 'More.' } };
      await context.mustRefuse(428, 'if-match-missing', `${path}/posts/${post.id}/revisions`, { method: 'POST', body });
      await context.mustRefuse(428, 'if-match-missing', path, { method: 'PATCH', body: { section: 'x' } });
    },
  },
  {
    name: 'writes/if-match-moved',
    rule: 'A change based on an outdated revision is 412, with the current post.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      await context.correct(path, post, 'Second.');
      const body = { kind: 'update', changes: { body: 'Third.' } };
      const at = `${path}/posts/${post.id}/revisions`;
      const refused = await context.mustRefuse(412, 'revision-moved', at, { method: 'POST', headers: { 'if-match': '1' }, body });
      mustEqual([refused.body.current?.revision, refused.body.current?.body], [2, 'Second.'], 'current');
    },
  },
  {
    name: 'writes/if-match-forms',
    rule: 'If-Match accepts a number, an ETag, a weak ETag, an ETag with a suffix, or *.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      const forms = ['"1"', '2', 'W/"3"', '"4-abc"', '*'];
      for (const [index, form] of forms.entries()) {
        const body = { kind: 'refile', changes: { body: `Form ${index}.` } };
        await context.mustAnswer(200, `${path}/posts/${post.id}/revisions`, {
          method: 'POST',
          headers: { 'if-match': form },
          body,
        });
      }
    },
  },
  {
    name: 'writes/rivals',
    rule: 'If two corrections of the same revision arrive at once, one succeeds, and the other is answered 412.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      const correct = (body: string) =>
        context.request(`${path}/posts/${post.id}/revisions`, {
          method: 'POST',
          headers: { 'if-match': '1' },
          body: { kind: 'correction', note: 'It was otherwise.', changes: { body } },
        });
      const answers = await Promise.all([correct('One.'), correct('Two.')]);
      mustEqual(answers.map(({ status }) => status).sort(), [200, 412], 'The two statuses');
    },
  },
  {
    name: 'writes/notes',
    rule: 'A correction, a clarification and a retraction require a note.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      for (const kind of ['correction', 'clarification']) {
        const ask = { method: 'POST', headers: { 'if-match': '1' }, body: { kind, changes: { body: 'x' } } } as const;
        await context.mustRefuse(400, 'invalid-body', `${path}/posts/${post.id}/revisions`, ask);
      }
      await context.mustRefuse(400, 'invalid-body', `${path}/posts/${post.id}/retraction`, { method: 'POST', body: {} });
    },
  },
  {
    name: 'writes/headline-of-a-channel',
    rule: 'A changed headline or standfirst of a channel requires a kind of change, which its history then lists.',
    async run(context) {
      const { path } = await context.channel();
      await context.mustRefuse(400, 'invalid-body', path, {
        method: 'PATCH',
        headers: { 'if-match': '1' },
        body: { headline: 'New' },
      });
      const { channel } = await context.patch(path, 1, { headline: 'New', change: { kind: 'update' } });
      mustEqual([channel.headline, channel.history[0]?.kind], ['New', 'update'], 'Headline and change');
    },
  },
  {
    name: 'writes/picture-of-a-channel',
    rule: 'A new picture of a channel replaces the one before as a whole and may have a kind of change. Null removes it. It requires an `alt`.',
    async run(context) {
      const url = 'https://pictures.example.org/quay.jpg';
      const { path } = await context.channel({ picture: { url, alt: 'The quay', credit: 'Ada' } });
      for (const picture of [{ url }, { url: 'http://pictures.example.org/quay.jpg', alt: 'The quay' }]) {
        await context.mustRefuse(400, 'invalid-body', path, { method: 'PATCH', headers: { 'if-match': '1' }, body: { picture } });
      }
      const picture = { url, alt: 'The other quay' };
      const change = { kind: 'correction', note: 'This is the other quay.' };
      const { channel } = await context.patch(path, 1, { picture, change });
      mustEqual([channel.picture, channel.history[0]?.kind], [picture, 'correction'], 'Picture and change');
      mustEqual((await context.patch(path, 2, { picture: null })).channel.picture, null, 'The removed picture');
    },
  },
  {
    name: 'writes/states',
    rule: 'A channel goes from scheduled to live to ended, and to live again. An ended channel accepts revisions but no new posts.',
    async run(context) {
      const { path } = await context.channel({ state: 'scheduled' });
      const { post } = await context.publish(path);
      await context.patch(path, '*', { state: 'live' });
      const back = { method: 'PATCH', headers: { 'if-match': '*' }, body: { state: 'scheduled' } } as const;
      await context.mustRefuse(400, 'invalid-body', path, back);
      const { channel } = await context.patch(path, '*', { state: 'ended' });
      must(
        channel.startedAt !== null && channel.endedAt !== null,
        'An ended channel should have the times of its start and end.',
      );
      await context.mustRefuse(409, 'channel-ended', `${path}/posts`, { method: 'POST', body: { body: 'Late.' } });
      await context.correct(path, post, 'Corrected after the end.');
      await context.patch(path, '*', { state: 'live' });
      await context.publish(path);
    },
  },
  {
    name: 'writes/names-what-stands',
    rule: 'pinnedPostId and derivedFrom must name published posts of the channel. Otherwise the answer is 400.',
    async run(context) {
      const { path } = await context.channel();
      const other = '019ac000-0000-7000-8000-00000000000f';
      await context.mustRefuse(400, 'invalid-body', path, {
        method: 'PATCH',
        headers: { 'if-match': '*' },
        body: { pinnedPostId: other },
      });
      await context.mustRefuse(400, 'invalid-body', `${path}/posts`, {
        method: 'POST',
        body: { body: 'x', derivedFrom: [other] },
      });
    },
  },
  {
    name: 'writes/names-uploads',
    rule: 'A `media:` URL must name an upload of the channel. Otherwise the answer is 400.',
    async run(context) {
      const { path } = await context.channel();
      const picture = { url: 'media:AAAAAAAAAAAAAAAAAAAAAA', alt: '' };
      await unchanged(context, path, async () => {
        const media = [{ type: 'image', ...picture }];
        await context.mustRefuse(400, 'invalid-body', `${path}/posts`, { method: 'POST', body: { media } });
        const headers = { 'if-match': '*' };
        await context.mustRefuse(400, 'invalid-body', path, { method: 'PATCH', headers, body: { picture } });
      });
    },
  },
  {
    name: 'writes/judges-uploads',
    rule: 'An upload is judged by its bytes: a file of no known type is 415. A server that takes no uploads answers 501.',
    async run(context) {
      const { path } = await context.channel();
      const upload: TestRequest = { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: 'no picture' };
      const takesNone = (await context.request(`${path}/media`, upload)).status === 501;
      const [status, code] = takesNone ? ([501, 'uploads-disabled'] as const) : ([415, 'wrong-type'] as const);
      await context.mustRefuse(status, code, `${path}/media`, upload);
    },
  },
  {
    name: 'writes/moves-uploads',
    rule: 'Editors can list the uploads of a channel. An upload of another server that no post uses is not taken.',
    async run(context) {
      const { path } = await context.channel();
      const listed = await context.request(`${path}/media`);
      const takesNone = listed.status === 501;
      if (takesNone) mustEqual(listed.body?.code, 'uploads-disabled', 'The code of the problem');
      else mustEqual(listed.body, { media: [], next: null }, 'The uploads of a new channel');
      const files = [{ name: '1.jpg', width: 1, mimeType: 'image/jpeg', bytes: 1, sha256: '0'.repeat(64) }];
      const about = {
        type: 'image',
        width: 1,
        height: 1,
        durationSeconds: null,
        uploadedAt: '2026-11-24T12:00:00.000Z',
        by: 'a',
      };
      const headers = { 'content-type': 'application/vnd.pressbox.media' };
      const body = `${JSON.stringify({ ...about, files })}\nx`;
      const sent = await context.request(`${path}/media/AAAAAAAAAAAAAAAAAAAAAA`, { method: 'POST', headers, body });
      // 403: the token of this run is not an administrator's.
      const expected = takesNone ? [501, 403] : [404, 403];
      must(
        expected.includes(sent.status),
        `An upload that no post uses should be ${expected.join(' or ')} but is ${sent.status}.`,
      );
    },
  },
  {
    name: 'writes/derived',
    rule: 'The answer to a revision lists the published posts that are derived from the post.',
    async run(context) {
      const { path } = await context.channel();
      const { post } = await context.publish(path);
      const { post: summary } = await context.publish(path, { kind: 'summary', headline: 'So far', derivedFrom: [post.id] });
      const { derived } = await context.correct(path, post, 'Otherwise.');
      mustEqual(derived, [{ id: summary.id, kind: 'summary', headline: 'So far' }], 'derived');
    },
  },
];

/** Checks that `act` does not change the state of the channel. */
async function unchanged(context: CaseContext, path: string, act: () => Promise<unknown>): Promise<void> {
  const before = await context.currentState(path);
  await act();
  mustEqual(await context.currentState(path), before, 'The state after a refusal');
}
