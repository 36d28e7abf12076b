import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { AuthorClient } from '../../client/lib/author-client.ts';
import { ReaderClient } from '../../client/lib/reader-client.ts';
import { applyCatchUp, applyEvent } from '../../client/lib/timeline/timeline.ts';
import type { Timeline } from '../../client/lib/timeline/timeline-model.ts';
import type { CatchUp, Event } from '../../src/protocol/model.ts';
import { openSampleDay, playSampleDay } from '../support/authors/play-sample-day.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { markOf, type SampleCommand, sampleDay } from '../support/samples/sample-day.ts';
import { type Line, startLine } from '../support/servers/bad-line.ts';
import { ModelServer } from '../support/servers/model-server.ts';
import { type Asked, startScriptedServer } from '../support/servers/scripted-server.ts';
import { startTestServer, type TestServer } from '../support/servers/server.ts';
import { openShell, type Shell, type Started } from '../support/servers/shell.ts';
import { startSite } from '../support/servers/site.ts';

const { folder, env } = inject('installed');
const examples = join(folder, 'node_modules', 'pressbox', 'examples');

/** A day with changes of every kind. Readers join after the first part, and each is disconnected somewhere in the later parts. */
const day = sampleDay(1_814, { posts: 100, changes: 80 });
const parts = [
  day.commands.slice(0, 60),
  day.commands.slice(60, 110),
  day.commands.slice(110, 140),
  day.commands.slice(140),
] as const;

/**
 * A mark in the text of one event of the second part, after which the line is cut. The post of the event is not changed again in
 * that part, since a later change could supersede the event.
 */
const cutMark = parts[1].flatMap((command, at) => {
  if (command.type !== 'revise') return [];
  const again = parts[1].slice(at + 1).some((later) => 'postId' in later && later.postId === command.postId);
  return again ? [] : [markOf(command.postId, command.revision + 1)];
})[0];

/** A reader that runs as a separate program. */
interface Program {
  start(): Started;
  /** The cursor of the program, or undefined before the first answer. */
  cursor(): Promise<string | undefined>;
}

let server: TestServer;
let author: AuthorClient;

beforeAll(async () => {
  server = await startTestServer();
  author = new AuthorClient({ url: server.url, token: await server.token() });
});
afterAll(() => server[Symbol.asyncDispose]());

/**
 * Plays the day while a program follows it. The program is cut off after an event, killed while more happens, and started again.
 * Returns the timeline of the library, which was not disturbed.
 */
async function follow(channelId: string, line: Line, program: Program): Promise<Timeline> {
  const here = { ...day, channel: { ...day.channel, id: channelId } };
  const play = (commands: readonly SampleCommand[]) => playSampleDay(author, here, commands);
  await openSampleDay(author, here);
  await play(parts[0]);
  await using _ = { [Symbol.asyncDispose]: async () => reader.close() };
  const reader = new ReaderClient({ url: server.url, channelId }).open();
  let running = program.start();
  const caughtUp = () =>
    vi.waitFor(
      async () => {
        expect(reader.state.status).toBe('live');
        expect(await program.cursor()).toBe(reader.cursor);
      },
      { interval: 20 },
    );
  await caughtUp();

  line.cutAfter = cutMark;
  await play(parts[1]);
  await vi.waitFor(() => expect(line.cutAfter).toBe(undefined));
  await caughtUp();

  running.kill('SIGKILL');
  await running.ended;
  await play(parts[2]);
  // The author may be answered before the library receives the event.
  await vi.waitFor(async () => expect(await program.cursor()).not.toBe(reader.cursor));
  running = program.start();
  await play(parts[3]);
  await caughtUp();
  running.kill('SIGKILL');
  await running.ended;
  return reader.timeline as Timeline;
}

/** The state that a reader knows from events alone. A reader must request a pinned post or a summary that it does not hold. */
function toldOf({ channel, offset, cursor, posts, floor, ceiling, keyEvents }: Timeline) {
  return { channel, offset, cursor, posts, floor, ceiling, keyEvents };
}

async function withLine(task: (line: Line, shell: Shell, data: string) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'pressbox-example-'));
  try {
    await using line = await startLine(server.url);
    await using shell = openShell(data, env);
    await task(line, shell, data);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** The notes of the corrections that a reader of the whole day must have seen. */
function correctionsOf({ posts }: Timeline): string[] {
  const stillPublished = new Set(posts.filter(({ status }) => status === 'published').map(({ id }) => id));
  const early = new Set(parts[0].flatMap((command) => (command.type === 'publish' ? [command.post.id] : [])));
  return parts.slice(1).flatMap((commands) =>
    commands.flatMap((command) => {
      const isOne = command.type === 'revise' && command.change.kind === 'correction';
      return isOne && stillPublished.has(command.postId) && early.has(command.postId) ? [command.change.note ?? ''] : [];
    }),
  );
}

describeWith(needs.pythonSocketIo, "the reader in Python, with Debian's python3-socketio", (python) => {
  it('has the state of the library after a disconnection and a restart, and has shown the corrections', () =>
    withLine(async (line, shell, data) => {
      const state = join(data, 'state.json');
      const held = async () => JSON.parse(await readFile(state, 'utf8').catch(() => '{}')) as Record<string, unknown>;
      const runs: Started[] = [];
      const timeline = await follow('in-python', line, {
        start() {
          const run = shell.start(`exec ${python} "${examples}/reader.py" ${line.url} in-python --state ${state}`);
          runs.push(run);
          return run;
        },
        cursor: async () => (await held()).cursor as string | undefined,
      });
      expect(runs.map(({ err }) => err)).toEqual(['', '']);
      const { cursor, offset, floor, channel, posts } = await held();
      expect({ cursor, offset, floor, channel }).toEqual({
        cursor: timeline.cursor,
        offset: timeline.offset,
        floor: timeline.floor,
        channel: timeline.channel,
      });
      expect(posts).toEqual(timeline.posts);
      expect(new Set(timeline.posts.map(({ status }) => status))).toEqual(new Set(['published', 'retracted', 'taken-down']));

      const printed = runs.map(({ out }) => out).join('');
      const corrections = correctionsOf(timeline);
      expect(corrections.length).toBeGreaterThan(2);
      expect(corrections.filter((note) => !printed.includes(`CORRECTION ${note}`))).toEqual([]);
      expect(printed).toMatch(/WITHDRAWN/);
    }));

  it('says why it cannot continue, and exits', () =>
    withLine(async (_line, shell) => {
      const run = shell.start(`${python} "${examples}/reader.py" ${server.url} nowhere`);
      expect(await run.ended).toBe(1);
      await vi.waitFor(() => expect(run.err).toMatch(/^-- \S/));
    }));

  it.each(['', '{"cursor":"', 'null', '[]'])('starts afresh if its saved state is only %j', (kept) =>
    withLine(async (_line, shell, data) => {
      const state = join(data, 'state.json');
      await author.createChannel({ id: 'half-kept', headline: 'Half kept', state: 'live' }).catch(() => {});
      await writeFile(state, kept);
      const run = shell.start(`exec ${python} "${examples}/reader.py" ${server.url} half-kept --state ${state}`);
      await vi.waitFor(() => expect(run.out).toContain('Half kept'));
      expect(run.err).toBe('');
      run.kill();
      await run.ended;
    }),
  );

  it('keeps nothing of a channel that was deleted while it was offline', () =>
    withLine(async (_line, shell, data) => {
      const state = join(data, 'state.json');
      await author.createChannel({ id: 'deleted', headline: 'Deleted', state: 'live' });
      await author.publish('deleted', { headline: 'A name that a court wants gone' });
      const command = `exec ${python} "${examples}/reader.py" ${server.url} deleted --state ${state}`;
      const first = shell.start(command);
      await vi.waitFor(async () => expect(await readFile(state, 'utf8')).toContain('A name'));
      first.kill();
      await first.ended;
      const admin = new AuthorClient({ url: server.url, token: await server.token({ admin: true }) });
      await admin.deleteChannel('deleted');
      expect(await shell.start(command).ended).toBe(1);
      expect(await readdir(data)).toEqual([]);
    }));

  it('exits with a message if its token is revoked', () =>
    withLine(async (_line, shell, data) => {
      const state = join(data, 'state.json');
      await author.createChannel({ id: 'for-members', headline: 'For members', access: 'members' });
      const token = await server.token({ reader: ['*'] });
      const { jti } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { jti: string };
      const run = shell.start(
        `PRESSBOX_TOKEN=${token} exec ${python} "${examples}/reader.py" ${server.url} for-members --state ${state}`,
      );
      await vi.waitFor(() => readFile(state));
      const admin = new AuthorClient({ url: server.url, token: await server.token({ admin: true }) });
      await admin.revokeToken({ jti });
      expect(await run.ended).toBe(1);
      expect(run.err).toBe('-- The subscription has ended: revoked.\n');
      expect(await readdir(data)).toEqual([]);
    }));
});

describeWith(needs.pythonSocketIo, 'the reader in Python, with rare answers of a server', (python) => {
  it('catches up from its cursor after a gap, a disconnection and on another node, and starts afresh on a reset', () =>
    withLine(async (_line, shell, data) => {
      await using script = await startScriptedServer();
      const model = new ModelServer();
      const publish = () => {
        model.publish({ kind: 'update', keyEvent: false });
        return model.event(model.head);
      };
      const answer = ({ request, answer }: Asked, changes: Partial<CatchUp> = {}) => {
        const offset = request.after === undefined ? 0 : Number(request.after.split('.')[1]);
        answer({ ok: true, ...model.catchUp(request.after, offset, { limit: 100, posts: 20 }), ...changes });
      };
      publish();
      const state = join(data, 'state.json');
      const run = shell.start(`exec ${python} "${examples}/reader.py" ${script.url} moon --state ${state}`);
      const isAtHead = () =>
        vi.waitFor(async () => expect(JSON.parse(await readFile(state, 'utf8')).cursor).toBe(model.cursor(model.head)));
      const first = await script.subscribe(1);
      expect(first.request).toEqual({ channelId: 'moon', limit: 20 });
      // An event may overtake the answer before it: the library has a thread for each.
      const answered = model.catchUp(undefined, 0, { limit: 100, posts: 20 });
      first.socket.emit('event', publish());
      first.answer({ ok: true, ...answered });
      await isAtHead();

      // One event is missing.
      const held = model.head;
      publish();
      first.socket.emit('event', publish());
      const second = await script.subscribe(2);
      expect(second.request.after).toBe(model.cursor(held));
      // This event arrives during the request and is not in the answer.
      const before = model.catchUp(model.cursor(held), held, { limit: 100, posts: 20 });
      first.socket.emit('event', publish());
      second.answer({ ok: true, ...before });
      await isAtHead();

      first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
      const third = await script.subscribe(3);
      publish();
      answer(third, { more: true });
      answer(await script.subscribe(4));
      await isAtHead();

      first.socket.emit('drain', { withinMs: 100 });
      const elsewhere = await script.subscribe(5);
      expect(script.sockets.length).toBe(2);
      expect(elsewhere.request.after).toBe(model.cursor(model.head));
      elsewhere.answer({ ok: true, ...model.catchUp(undefined, 0, { limit: 100, posts: 20 }), reset: true });
      await vi.waitFor(() => expect(run.err).toContain('another history'));

      elsewhere.socket.emit('unsubscribed', { channelId: 'moon', reason: 'gone' });
      expect(await run.ended).toBe(1);
      await vi.waitFor(() => expect(run.err).toMatch(/gone\.\n$/));
      expect(await readdir(data)).not.toContain('state.json');
      expect(run.err).not.toContain('Traceback');
    }));

  it('reconnects if the connection ends while it catches up', () =>
    withLine(async (_line, shell) => {
      await using script = await startScriptedServer();
      const run = shell.start(`exec ${python} "${examples}/reader.py" ${script.url} moon`);
      const asked = await script.subscribe(1);
      // The program shows these posts while the connection ends, and only then learns that it must catch up.
      const model = new ModelServer();
      for (let post = 0; post < 500; post += 1) model.publish({ kind: 'update', keyEvent: false });
      asked.answer({ ok: true, ...model.catchUp(undefined, 0, { limit: 100, posts: 500 }) });
      asked.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
      asked.socket.disconnect(true);
      const again = await vi.waitUntil(() => script.subscribes.find(({ socket }) => socket !== asked.socket));
      again.socket.emit('unsubscribed', { channelId: 'moon', reason: 'gone' });
      expect(await run.ended).toBe(1);
      expect(run.err).toBe('-- The subscription has ended: gone.\n');
    }));
});

describeWith(needs.curl, 'curl alone, with a kept Last-Event-ID', () => {
  it('receives what the library receives, after a disconnection and a restart', () =>
    withLine(async (line, shell, data) => {
      const kept = join(data, 'cursor');
      const runs: Started[] = [];
      const timeline = await follow('with-curl', line, {
        start() {
          const run = shell.start(`exec "${examples}/follow.sh" ${line.url} with-curl ${kept}`);
          runs.push(run);
          return run;
        },
        cursor: async () => (await readFile(kept, 'utf8').catch(() => undefined))?.trim(),
      });
      expect(runs.map(({ err }) => err.replaceAll(/^curl: .*\n/gm, ''))).toEqual(['', '']);
      const messages = runs
        .flatMap(({ out }) => out.trimEnd().split('\n'))
        .map((message) => message.split('\t') as [string, string]);
      const modes = messages.flatMap(([name, json]) => (name === 'catchup' ? [(JSON.parse(json) as CatchUp).mode] : []));
      expect(modes.slice(0, 3)).toEqual(['snapshot', 'replay', 'replay']);
      const followed = messages.reduce<Timeline | undefined>((held, [name, json]) => {
        const said = JSON.parse(json) as CatchUp & Event;
        if (name === 'catchup') return applyCatchUp(held, said);
        return held && applyEvent(held, said);
      }, undefined);
      expect(followed && toldOf(followed)).toEqual(toldOf(timeline));
    }));

  it('reconnects after the delay that a stream names, and not more often', async () => {
    const asked: number[] = [];
    await using site = await startSite((_request, response) => {
      asked.push(performance.now());
      const isFirst = asked.length === 1;
      response.writeHead(isFirst ? 200 : 404, { 'content-type': isFirst ? 'text/event-stream' : 'application/problem+json' });
      response.end(isFirst ? 'retry: 2000\n\n' : '{}');
    });
    await withLine(async (_line, shell, data) => {
      const run = shell.start(`"${examples}/follow.sh" ${site.url} moon ${join(data, 'cursor')}`);
      expect(await run.ended).toBe(1);
    });
    expect(asked).toHaveLength(2);
    expect(asked[1]! - asked[0]!).toBeGreaterThanOrEqual(2_000);
  });

  it.each(['id: second\n', 'id: second\nevent: post.published\n', 'id: second\nevent: post.published\ndata: {"from":2'])(
    'takes nothing of a message that was cut after %j',
    async (part) => {
      const asked: unknown[] = [];
      await using site = await startSite((request, response) => {
        asked.push(request.headers['last-event-id']);
        if (asked.length > 1) return void response.writeHead(404).end('{}');
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`id: first\nevent: catchup\ndata: {"mode":"snapshot"}\n\n${part}`, () => response.destroy());
      });
      await withLine(async (_line, shell, data) => {
        const run = shell.start(`"${examples}/follow.sh" ${site.url} moon ${join(data, 'cursor')}`);
        expect(await run.ended).toBe(1);
        expect(run.out).toBe('catchup\t{"mode":"snapshot"}\n');
      });
      expect(asked).toEqual([undefined, 'first']);
    },
  );

  it('says why it cannot continue, and exits', () =>
    withLine(async (_line, shell, data) => {
      const run = shell.start(`"${examples}/follow.sh" ${server.url} nowhere ${join(data, 'cursor')}`);
      expect(await run.ended).toBe(1);
      await vi.waitFor(() => expect(run.err).toContain('"not-found"'));
    }));
});
