import { catchUpSchema, problemSchema } from '../../src/protocol/wire-messages.ts';
import { must, mustEqual } from '../assertions.ts';
import type { Case } from '../case.ts';
import { mustCover } from '../case-context.ts';
import { mustFit } from '../schema-checks.ts';
import { ReaderSocket, within } from '../server-under-test.ts';

/** The Socket.IO interface. */
export const socketCases: readonly Case[] = [
  {
    name: 'sockets/subscribe',
    rule: 'A subscribe is acknowledged with a catch-up. Later changes arrive as events, in order, once, without a gap.',
    async run(context) {
      const { id, path } = await context.channel();
      await context.publish(path);
      using socket = await context.socket();
      const said = await socket.subscribe(id);
      must(said.ok, 'The subscribe should be ok.');
      const { ok: _ok, ...catchUp } = said;
      mustFit(catchUpSchema, catchUp, 'The answer');
      mustEqual([catchUp.mode, catchUp.covers, catchUp.more], ['snapshot', { after: 0, to: 2 }, false], 'The answer');
      const { post } = await context.publish(path, { body: 'Wrong.' });
      const { offset, cursor } = await context.correct(path, post, 'Right.', 'It was wrong.');
      const events = await socket.upTo(id, offset);
      mustCover(events, 2, offset);
      mustEqual([events.at(-1)?.cursor, events.at(-1)?.offset], [cursor, offset], 'Where the last event stands');
      mustEqual(events.at(-1)?.counts, { posts: 2, keyEvents: 0, corrections: 1 }, 'The counts of the last event');
      const last = events.at(-1);
      must(
        last !== undefined && 'post' in last && last.post.history.at(-1)?.note === 'It was wrong.',
        'The correction should have its note.',
      );
    },
  },
  {
    name: 'sockets/come-back',
    rule: 'With a cursor, the answer contains what was missed, each post once, and live events follow without a gap.',
    async run(context) {
      const { id, path } = await context.channel();
      const { cursor, offset, post } = await context.publish(path, { body: 'Wrong.' });
      await context.correct(path, post, 'Superseded.');
      const corrected = await context.publish(path);
      using socket = await context.socket();
      const publishing = Promise.all(Array.from({ length: 10 }, (_, count) => context.publish(path, { body: `Post ${count}.` })));
      const answers = await socket.follow(id, cursor);
      const last = Math.max(...(await publishing).map((written) => written.offset));
      const to = answers.at(-1)?.covers.to ?? 0;
      must(to >= corrected.offset, 'The catch-up should reach what was published before.');
      const missed = answers.flatMap((said) => (said.mode === 'replay' ? said.events : []));
      const live = to < last ? await socket.upTo(id, last) : socket.events(id);
      mustCover([...missed, ...live.filter((event) => event.offset > to)], offset, last);
    },
  },
  {
    name: 'sockets/limit',
    rule: 'The limit of a subscribe is the number of posts in a snapshot.',
    async run(context) {
      const { id, path } = await context.channel();
      for (let count = 0; count < 3; count += 1) await context.publish(path);
      using socket = await context.socket();
      const said = await socket.subscribe(id, undefined, 2);
      must(said.ok && said.mode === 'snapshot', 'The answer should be a snapshot.');
      mustEqual(
        [said.snapshot.posts.length, said.snapshot.more, said.more],
        [2, true, false],
        'Posts, more of them, more to catch up',
      );
    },
  },
  {
    name: 'sockets/takedown',
    rule: 'A takedown reaches a subscribed reader as a tombstone without text.',
    async run(context) {
      const { id, path } = await context.channel();
      const secret = `Secret ${context.newId()}`;
      const { post } = await context.publish(path, { body: secret });
      using socket = await context.socket();
      await socket.follow(id);
      const { offset } = await context.takeDown(path, post);
      const event = (await socket.upTo(id, offset)).find(({ type }) => type === 'post.taken-down');
      must(event !== undefined && 'post' in event, 'An event of type post.taken-down should come.');
      mustEqual([event.post.status, event.post.html, event.post.id], ['taken-down', '', post.id], 'The tombstone');
      must(!JSON.stringify(event).includes(secret), 'The event holds the text.');
    },
  },
  {
    name: 'sockets/subscribe-again',
    rule: 'A second subscribe to a channel replaces the first: no event arrives twice.',
    async run(context) {
      const { id, path } = await context.channel();
      using socket = await context.socket();
      await socket.follow(id);
      const [catchUp] = await socket.follow(id);
      const { offset } = await context.publish(path);
      mustCover(await socket.upTo(id, offset), catchUp?.covers.to ?? 0, offset);
    },
  },
  {
    name: 'sockets/unsubscribe',
    rule: 'After an unsubscribe, no further message of the channel arrives.',
    async run(context) {
      const { id, path } = await context.channel();
      const other = await context.channel();
      using socket = await context.socket();
      await socket.follow(id);
      await socket.follow(other.id);
      mustEqual(await socket.emit('unsubscribe', { channelId: id }), { ok: true }, 'The acknowledgement');
      await context.publish(path);
      // This event arrives after any message of the first channel.
      const { offset } = await context.publish(other.path);
      await socket.upTo(other.id, offset);
      mustEqual(socket.events(id), [], 'The events of the channel');
    },
  },
  {
    name: 'sockets/refusals',
    rule: 'A subscribe that is not possible is answered { ok: false, problem }, and the connection stays open.',
    async run(context) {
      const { id } = await context.channel();
      using socket = await context.socket();
      for (const [wish, code] of [
        [{ channelId: context.newId() }, 'not-found'],
        [{ channelId: 'No Such Thing' }, 'invalid-body'],
        [{ channelId: id, after: 'what-is-this' }, 'invalid-cursor'],
        [{}, 'invalid-body'],
        [null, 'invalid-body'],
      ] as const) {
        const said = (await socket.emit('subscribe', wish)) as { ok: boolean; problem?: { code: string } };
        mustEqual([said.ok, said.problem?.code], [false, code], `The answer to ${JSON.stringify(wish)}`);
        mustFit(problemSchema, said.problem, 'The problem');
      }
      must((await socket.subscribe(id)).ok, 'A valid subscribe afterwards should be ok.');
    },
  },
  {
    name: 'sockets/another-history',
    rule: 'A cursor of a different history is answered with a reset.',
    async run(context) {
      const one = await context.channel();
      const two = await context.channel();
      const { cursor } = await context.publish(one.path);
      await context.publish(two.path);
      using socket = await context.socket();
      const said = await socket.subscribe(two.id, cursor);
      must(said.ok, 'The subscribe should be ok.');
      mustEqual([said.mode, said.reset], ['snapshot', true], 'The answer');
    },
  },
  {
    name: 'sockets/bad-token',
    rule: 'A connection with a bad token is refused, with the problem as data.',
    async run(context) {
      const said = await context.server.dial(context.exchange, { token: 'what.is.this' });
      if (said instanceof ReaderSocket) said[Symbol.dispose]();
      must(!(said instanceof ReaderSocket), 'The connection should be refused.');
      mustEqual(said.code, 'token-invalid', 'The code of the problem');
    },
  },
  {
    name: 'sockets/members',
    rule: 'A socket without a token cannot subscribe to a members’ channel.',
    async run(context) {
      const { id } = await context.channel({ access: 'members' });
      using socket = await context.socket();
      const said = await socket.subscribe(id);
      must(!said.ok, 'The subscribe should be refused.');
      mustEqual(said.problem.code, 'token-missing', 'The code of the problem');
    },
  },
  {
    name: 'sockets/long-polling',
    rule: 'Socket.IO long-polling is refused with a problem that says so.',
    async run(context) {
      const answer = await context.request('/socket.io/?EIO=4&transport=polling', { token: null });
      must(answer.status >= 400 && answer.status < 500, `It answers ${answer.status}.`);
      mustFit(problemSchema, answer.body, 'The answer');
    },
  },
  {
    name: 'sockets/foreign-origin',
    rule: 'A page of an origin that is not allowed cannot connect.',
    async run(context) {
      const said = await context.server.dial(context.exchange, { origin: 'https://elsewhere.invalid' });
      if (said instanceof ReaderSocket) said[Symbol.dispose]();
      must(!(said instanceof ReaderSocket), 'The connection should be refused (unless every origin is allowed).');
    },
  },
];

/** Server-Sent Events. */
export const streamCases: readonly Case[] = [
  {
    name: 'streams/catch-up-then-events',
    rule: 'A stream begins with a catch-up and continues with events. Every id is a cursor.',
    async run(context) {
      const { path } = await context.channel();
      await context.publish(path);
      using stream = await context.stream(`${path}/stream`, { token: null });
      mustEqual(stream.status, 200, 'The status');
      must(stream.headers.get('content-type')?.startsWith('text/event-stream') === true, 'It should be text/event-stream.');
      mustEqual(stream.headers.get('x-accel-buffering'), 'no', 'X-Accel-Buffering');
      const first = await stream.message('the catch-up', () => true);
      mustEqual(first.event, 'catchup', 'The first event');
      mustFit(catchUpSchema, first.data, 'The catch-up');
      mustEqual(first.id, first.data.cursor, 'Its id');
      const { cursor, post } = await context.publish(path);
      const event = await stream.message('the event', ({ event }) => event === 'post.published');
      mustEqual([event.id, event.data.cursor, event.data.post.id, event.data.from], [cursor, cursor, post.id, 3], 'The event');
    },
  },
  {
    name: 'streams/come-back',
    rule: 'Last-Event-ID takes precedence over "after", and the stream begins with what was missed.',
    async run(context) {
      const { path } = await context.channel();
      const old = await context.publish(path);
      const { cursor, offset } = await context.publish(path);
      const missed = await context.publish(path);
      const headers = { 'last-event-id': cursor };
      using stream = await context.stream(`${path}/stream?after=${encodeURIComponent(old.cursor)}`, { token: null, headers });
      const { data } = await stream.message('the catch-up', ({ event }) => event === 'catchup');
      mustEqual([data.mode, data.covers], ['replay', { after: offset, to: missed.offset }], 'The catch-up');
    },
  },
  {
    name: 'streams/refusals',
    rule: 'A stream that is not possible is refused before it begins, with the status of the problem.',
    async run(context) {
      const { path } = await context.channel();
      await context.mustRefuse(404, 'not-found', `/v1/channels/${context.newId()}/stream`, { token: null });
      await context.mustRefuse(400, 'invalid-cursor', `${path}/stream?after=what-is-this`, { token: null });
      const members = await context.channel({ access: 'members' });
      await context.mustRefuse(401, 'token-missing', `${members.path}/stream`, { token: null });
    },
  },
  {
    name: 'streams/ping',
    rule: 'A quiet stream pings every 15 s.',
    slow: true,
    async run(context) {
      const { path } = await context.channel();
      using stream = await context.stream(`${path}/stream`, { token: null });
      await stream.message('the ping', ({ event }) => event === 'ping', 20_000);
    },
  },
  {
    name: 'streams/gone',
    rule: 'When the channel is deleted, the stream sends "gone" and ends.',
    admin: true,
    async run(context) {
      const { id, path } = await context.channel();
      using stream = await context.stream(`${path}/stream`, { token: null });
      await stream.message('the catch-up', ({ event }) => event === 'catchup');
      await context.request(path, { method: 'DELETE' });
      const { data } = await stream.message('the end', ({ event }) => event === 'unsubscribed');
      mustEqual(data, { channelId: id, reason: 'gone' }, 'What the stream says');
      await within('the end of the stream', stream.ended);
    },
  },
];

/** Polling with `wait`. */
export const pollCases: readonly Case[] = [
  {
    name: 'polls/at-once',
    rule: 'A poll with wait is answered at once if something changed, and caches do not store the answer.',
    async run(context) {
      const { path } = await context.channel();
      const { cursor } = await context.publish(path);
      const { post } = await context.publish(path);
      const answer = await context.mustAnswer(200, `${path}/events?after=${encodeURIComponent(cursor)}&wait=20`, { token: null });
      mustEqual(
        answer.body.events.map((event: { post: { id: string } }) => event.post.id),
        [post.id],
        'The posts',
      );
      must(
        /\bno-store\b/.test(answer.headers.get('cache-control') ?? ''),
        `Cache-Control is ${answer.headers.get('cache-control')}.`,
      );
    },
  },
  {
    name: 'polls/held',
    rule: 'A poll is held until something changes.',
    async run(context) {
      const { path } = await context.channel();
      const { cursor } = await context.publish(path);
      let answered = false;
      const polled = context.mustAnswer(200, `${path}/events?after=${encodeURIComponent(cursor)}&wait=20`, { token: null });
      void polled.then(
        () => {
          answered = true;
        },
        () => {},
      );
      // After this round trip the poll has reached the server and is still unanswered.
      await context.mustAnswer(200, `${path}/snapshot`, { token: null });
      must(!answered, 'The poll was answered although nothing had changed.');
      const { post } = await context.publish(path);
      const { body } = await within('the answer to the poll', polled);
      mustEqual(
        body.events.map((event: { post: { id: string } }) => event.post.id),
        [post.id],
        'The posts',
      );
    },
  },
  {
    name: 'polls/in-vain',
    rule: 'If nothing changes, a poll is answered 200 without events when its time is over.',
    async run(context) {
      const { path } = await context.channel();
      const { cursor, offset } = await context.publish(path);
      const asked = performance.now();
      const { body } = await context.mustAnswer(200, `${path}/events?after=${encodeURIComponent(cursor)}&wait=1`, {
        token: null,
      });
      const heldMs = performance.now() - asked;
      // The clocks of two machines can differ by some milliseconds.
      must(heldMs > 900, `It should be held for 1 s but is answered after ${Math.round(heldMs)} ms.`);
      mustEqual([body.events, body.covers, body.cursor], [[], { after: offset, to: offset }, cursor], 'The answer');
    },
  },
  {
    name: 'polls/limits',
    rule: 'A wait of more than 30 s is 400.',
    async run(context) {
      const { path } = await context.channel();
      await context.mustRefuse(400, 'invalid-body', `${path}/events?wait=31`, { token: null });
      await context.mustRefuse(400, 'invalid-body', `${path}/events?wait=-1`, { token: null });
    },
  },
  {
    name: 'polls/same-on-every-way',
    rule: 'A cursor is valid on every transport: the socket and the stream continue from the cursor of a poll.',
    async run(context) {
      const { id, path } = await context.channel();
      const { cursor } = await context.publish(path);
      const { offset } = await context.publish(path);
      const polled = await context.catchUp(path, cursor);
      using socket = await context.socket();
      const [said] = await socket.follow(id, polled.cursor);
      mustEqual(said?.covers, { after: offset, to: offset }, 'What the socket says was missed');
      using stream = await context.stream(`${path}/stream?after=${encodeURIComponent(polled.cursor)}`, { token: null });
      const { data } = await stream.message('the catch-up', ({ event }) => event === 'catchup');
      mustEqual(data.covers, { after: offset, to: offset }, 'What the stream says was missed');
    },
  },
];
