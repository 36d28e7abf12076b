import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthorClient, type SeenPost } from '../../client/author-client.ts';
import type { Channel, Event } from '../../src/protocol/model.ts';
import { type Running, run } from '../support/command.ts';
import { startServerProcess } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createChannel } from '../support/writers.ts';

/** The command against a real server. */
let test: TestServer;
let author: AuthorClient;
let env: Record<string, string>;
let channelId: string;
const esc = '\u001b';
const patient = { timeout: 30_000 };
const bin = fileURLToPath(new URL('../../bin/pressbox.mjs', import.meta.url));

beforeAll(async () => {
  test = await startTestServer();
  const token = await test.token();
  author = new AuthorClient({ url: test.url, token });
  env = { PRESSBOX_URL: test.url, PRESSBOX_TOKEN: token };
});
beforeEach(async () => {
  channelId = (await author.createChannel({ headline: 'To the Moon', state: 'live' })).channel.id;
});
afterAll(() => test[Symbol.asyncDispose]());

async function done(argv: string[], options: Parameters<typeof run>[2] = {}) {
  const running = run(argv, env, options);
  const code = await running.code;
  return { code, out: running.out, err: running.err };
}
const newest = async () => (await author.listPosts(channelId)).posts[0] as SeenPost;

describe('pressbox post', () => {
  it('publishes what its options and its text say', async () => {
    const argv = [
      'post',
      channelId,
      '--headline',
      'Touchdown',
      '--key-event',
      '--kind',
      'breaking',
      '--unverified',
      '--developing',
    ];
    const image = ['--image', 'https://example.org/eagle.jpg', '--alt', 'Eagle'];
    const { code, out } = await done([...argv, ...image, '--source', 'Control', '--source', 'Radio', 'It', 'is', '**down**.']);
    expect(code).toBe(0);
    const post = await newest();
    expect(post).toMatchObject({
      headline: 'Touchdown',
      keyEvent: true,
      kind: 'breaking',
      verification: 'unverified',
      developing: true,
      body: 'It is **down**.',
      media: [{ type: 'image', url: 'https://example.org/eagle.jpg', alt: 'Eagle' }],
      sources: [{ name: 'Control' }, { name: 'Radio' }],
    });
    expect(out).toContain(`Published ${post.id.slice(-6)} Touchdown`);
    expect(out).toContain(`${test.url}/live/${channelId}/${post.id}`);
  });

  it('reads the body from the standard input', async () => {
    expect((await done(['post', channelId, '-'], { input: 'One.\r\n\r\nTwo \u{1f319}.\n' })).code).toBe(0);
    expect((await newest()).body).toBe('One.\n\nTwo \u{1f319}.');
  });

  it('prints the answer as JSON', async () => {
    const { out } = await done(['post', channelId, 'One', '--json']);
    expect(JSON.parse(out)).toMatchObject({ post: { body: 'One' }, offset: 2, replayed: false });
  });

  it('exits with 1 where the server refuses, and says why', async () => {
    const refused = await done(['post', channelId, '--headline', ' ', 'One']);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('headline: Must not be empty.');
    const json = await done(['post', 'no-such-channel', 'One', '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.err)).toMatchObject({ code: 'not-found' });
  });

  it('exits with 1 where nobody answers, and says how to go on', async () => {
    const nobody = run(['post', channelId, 'One', '--timeout', '0.1', '--url', 'http://127.0.0.1:1'], env);
    expect(await nobody.code).toBe(1);
    const again = /--id \S+ --key \S+/.exec(nobody.err)?.[0].split(' ') ?? [];
    for (let each = 0; each < 2; each += 1) expect((await done(['post', channelId, 'One', ...again])).code).toBe(0);
    expect((await author.listPosts(channelId)).posts).toHaveLength(1);
  });

  it('exits with 2 where it is used wrongly', async () => {
    for (const wrong of [
      ['post'],
      ['post', channelId, '--kind', 'poem', 'One'],
      ['post', channelId, '--image', 'https://example.org/a.jpg', 'One'],
      ['post', channelId, '--url', 'moon', 'One'],
      ['pots', channelId, 'One'],
      ['correct', channelId, 'latest', 'One'],
      ['pin', channelId],
      ['channel', 'update', channelId, '--headline', 'Other'],
      ['channel', 'delete', channelId],
      ['follow', channelId, '--posts', '1000'],
      ['token'],
    ]) {
      const { code, err } = await done(wrong);
      expect([wrong.join(' '), code]).toEqual([wrong.join(' '), 2]);
      expect(err).not.toBe('');
    }
  });
});

describe('pressbox correct', () => {
  it('corrects the latest post of whoever asks, not that of a colleague who came in between', async () => {
    await done(['post', channelId, 'Two on board.']);
    const mine = await newest();
    const colleague = new AuthorClient({
      url: test.url,
      token: await test.token({ editor: ['*'] }, { sub: 'bob', name: 'Bob' }),
    });
    await colleague.publish(channelId, { body: 'Three.' });
    const { code, out } = await done(['correct', channelId, 'latest', '--note', 'It is three.', 'Three on board.']);
    expect([code, out]).toEqual([0, expect.stringContaining(`Corrected ${mine.id.slice(-6)}`)]);
    expect(await author.getPost(channelId, mine.id)).toMatchObject({
      body: 'Three on board.',
      revision: 2,
      history: [{ kind: 'correction', note: 'It is three.' }],
    });
  });

  it('finds a post by the end of its id, and takes each kind of change', async () => {
    await done(['post', channelId, '--developing', '--unverified', 'One.']);
    const { id } = await newest();
    const end = id.slice(-6);
    expect((await done(['correct', channelId, end, '--kind', 'update', '--verification', 'none', '--no-developing'])).code).toBe(
      0,
    );
    expect(
      (await done(['correct', channelId, `\u2026${end}`, '--kind', 'refile', '--body', '-'], { input: 'Two.\n' })).code,
    ).toBe(0);
    expect(await author.getPost(channelId, id)).toMatchObject({
      body: 'Two.',
      verification: null,
      developing: false,
      revision: 3,
    });
    const { code, err } = await done(['correct', channelId, '000000000000', '--kind', 'update', 'Three.']);
    expect([code, err]).toEqual([1, expect.stringContaining('No post')]);
  });

  it('shows what someone else made of the post meanwhile', async () => {
    await done(['post', channelId, '--headline', 'One', 'First.']);
    const { id } = await newest();
    await author.revise(channelId, id, 1, { kind: 'update', note: 'More is known.', changes: { body: 'Second.' } });
    const { code, err } = await done(['correct', channelId, id, '--revision', '1', '--note', 'Wrong.', 'Third.']);
    expect(code).toBe(1);
    expect(err).toContain('More is known.');
    expect(err).toContain('Second.');
    expect(err).toContain('now at revision 2');
    expect((await author.getPost(channelId, id)).body).toBe('Second.');
  });

  it('erases the earlier text where it is told to, and names the posts that restate it', async () => {
    await done(['post', channelId, 'A name: Xylander.']);
    const { id } = await newest();
    await done(['post', channelId, '--kind', 'summary', '--headline', 'So far', '--derived-from', id, 'Summary.']);
    const argv = ['correct', channelId, id, '--note', 'A name was given.', '--erase-earlier', 'A name: withheld.'];
    const { code, out } = await done(argv);
    expect([code, out]).toEqual([0, expect.stringContaining('(summary) So far')]);
    const { revisions } = await author.listRevisions(channelId, id);
    expect(revisions.map(({ body }) => body)).toEqual(['A name: withheld.']);
  });
});

describe('pressbox retract, takedown and pin', () => {
  it('withdraw and pin the post that is meant', async () => {
    await done(['post', channelId, 'One.']);
    const one = await newest();
    expect((await done(['pin', channelId, 'latest'])).out).toContain(`Pinned ${one.id.slice(-6)}`);
    expect((await author.getChannel(channelId)).pinnedPostId).toBe(one.id);
    await done(['pin', channelId, '--none']);
    expect((await author.getChannel(channelId)).pinnedPostId).toBeNull();
    expect((await done(['retract', channelId, 'latest', '--note', 'Not so.'])).code).toBe(0);
    expect(await author.getPost(channelId, one.id)).toMatchObject({ status: 'retracted', history: [{ note: 'Not so.' }] });
    const { code, out } = await done(['takedown', channelId, one.id.slice(-8)]);
    expect([code, out]).toEqual([0, expect.stringContaining('Its text is erased.')]);
    expect((await author.getPost(channelId, one.id)).status).toBe('taken-down');
    expect(await done(['retract', channelId, one.id, '--note', 'Again.'])).toMatchObject({ code: 1 });
  });
});

describe('pressbox channel', () => {
  it('creates, lists, changes, ends and deletes', async () => {
    const id = `moon-${Date.now()}`;
    const created = await done([
      'channel',
      'create',
      'Moon',
      '--id',
      id,
      '--byline',
      'Ada',
      '--scheduled',
      '--timezone',
      'Europe/Berlin',
    ]);
    expect([created.code, created.out]).toEqual([0, expect.stringContaining(`/live/${id}`)]);
    expect((await done(['channel', 'update', id, '--state', 'live', '--section', 'Space'])).code).toBe(0);
    const headline = ['--headline', 'On the Moon', '--change', 'correction', '--note', 'They are there.'];
    expect((await done(['channel', 'update', id, ...headline])).code).toBe(0);
    expect(await author.getChannel(id)).toMatchObject({
      state: 'live',
      section: 'Space',
      headline: 'On the Moon',
      byline: [{ name: 'Ada' }],
      timezone: 'Europe/Berlin',
      history: [{ kind: 'correction', note: 'They are there.' }],
    });
    expect((await done(['channel', 'update', id, '--section', ''])).code).toBe(0);
    expect((await author.getChannel(id)).section).toBeNull();
    expect((await done(['channel', 'list', '--state', 'live'])).out).toContain(`${id}  live  On the Moon`);
    expect((await done(['channel', 'end', id])).out).toContain('Ended');
    const listed = (await done(['channel', 'list', '--json'])).out.trim().split('\n');
    expect(listed.map((line) => JSON.parse(line) as Channel).find((channel) => channel.id === id)?.state).toBe('ended');
    expect((await done(['channel', 'delete', id, '--yes'])).code).toBe(1);
    const token = await test.token({ admin: true });
    expect((await done(['channel', 'delete', id, '--yes', '--token', token])).code).toBe(0);
    expect((await done(['channel', 'list'])).out).not.toContain(id);
  });
});

describe('pressbox follow', () => {
  it('ends with a sentence where --since is no cursor', async () => {
    for (const since of ['garbage', '', 'a'.repeat(200)]) {
      const { code, out, err } = await done(['follow', channelId, '--since', since]);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain('not a cursor');
    }
  });

  async function following(argv: string[] = [], options: Parameters<typeof run>[2] = {}): Promise<Running> {
    const running = run(['follow', channelId, ...argv], env, options);
    await vi.waitFor(() => expect(running.err).toContain('Live.'), { timeout: 10_000 });
    return running;
  }
  const shows = (running: Running, text: string) => vi.waitFor(() => expect(running.out).toContain(text), { timeout: 10_000 });

  it('shows what is there, then posts, corrections with what they replace, and withdrawals, as they happen', async () => {
    await author.publish(channelId, { body: 'Before.' });
    const running = await following();
    expect(running.out).toContain('To the Moon');
    expect(running.out).toContain('Before.');
    const { post } = await author.publish(channelId, {
      headline: 'Two men',
      body: 'Two are on board.',
      verification: 'unverified',
    });
    await shows(running, 'UNVERIFIED Two men');
    const changes = { headline: 'Three men', body: 'Three are on board.', verification: null };
    await author.correct(channelId, post.id, 1, { note: 'We forgot Collins.', changes });
    await shows(running, '+ Three are on board.');
    const told = running.out.slice(running.out.indexOf('CORRECTION'));
    expect(told).toMatch(/CORRECTION of \d\d:\d\d Three men/);
    for (const line of ['We forgot Collins.', '- Two men', '- Two are on board.', 'verification: unverified no longer']) {
      expect(told).toContain(line);
    }
    await author.retract(channelId, post.id, { note: 'All wrong.' });
    await shows(running, 'All wrong.');
    expect(running.out).toMatch(/RETRACTED \d\d:\d\d Three men/);
    await author.updateChannel(channelId, '*', { state: 'ended' });
    await shows(running, 'The coverage has ended.');
    running.interrupt();
    expect(await running.code).toBe(0);
    expect(running.out).not.toContain(esc);
  });

  it('does not show again the text of a post that was taken down', async () => {
    const running = await following();
    const { post } = await author.publish(channelId, { headline: 'Xylander', body: 'A name: Xylander.' });
    await shows(running, 'A name: Xylander.');
    const shown = running.out.length;
    await author.takedown(channelId, post.id, { note: 'For legal reasons.' });
    await shows(running, 'For legal reasons.');
    expect(running.out.slice(shown)).toContain('TAKEN DOWN');
    expect(running.out.slice(shown)).not.toContain('Xylander');
    running.interrupt();
    await running.code;
  });

  it('marks with colours on a terminal only, and not where NO_COLOR is set', async () => {
    await author.publish(channelId, { headline: 'One', body: 'First.' });
    const coloured = await following([], { terminal: true });
    expect(coloured.out).toContain(`${esc}[1mOne${esc}[22m`);
    coloured.interrupt();
    env.NO_COLOR = '1';
    const plain = await following([], { terminal: true });
    delete env.NO_COLOR;
    expect(plain.out).not.toContain(esc);
    plain.interrupt();
    await Promise.all([coloured.code, plain.code]);
  });

  it('survives a restart of the server, says once that it was offline, and shows what was missed', async () => {
    const running = await following();
    await test.restart();
    await author.publish(channelId, { body: 'While you were away.' });
    await shows(running, 'While you were away.');
    await vi.waitFor(() => expect(running.err).toContain('Live again.'));
    expect(running.err.match(/Offline since/g)).toHaveLength(1);
    expect(running.out.match(/While you were away/g)).toHaveLength(1);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('says once which server it cannot reach, and where its address comes from, and is live when it can', async () => {
    await using server = await startServerProcess();
    const { id } = await createChannel(server, await server.token());
    await server.stop();
    let attempts = 0;
    const refusing = createServer((socket) => {
      attempts += 1;
      socket.destroy();
    });
    refusing.listen(Number(new URL(server.url).port), '127.0.0.1');
    const running = run(['follow', id], { PRESSBOX_URL: server.url });
    const withPassword = run(['follow', id], { PRESSBOX_URL: server.url.replace('//', '//guest:secret@') });
    onTestFinished(() => {
      for (const command of [running, withPassword]) command.interrupt();
    });
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(5), patient);
    expect(running.err.split('\n')).toEqual([
      `There is no connection to ${server.url} yet. Trying again ...`,
      expect.stringMatching(/^ {2}The server could not be reached: GET \S+\/v1\/channels\/\S+: other side closed\.$/),
      expect.stringMatching(/^ {2}--url or PRESSBOX_URL says where the server is/),
      '',
    ]);
    await vi.waitFor(() => expect(withPassword.err).toContain(`connection to ${server.url} yet.`), patient);
    withPassword.interrupt();
    await new Promise((resolve) => refusing.close(resolve));
    await server.start();
    await vi.waitFor(() => expect(running.err).toMatch(/\nLive\.\n$/), patient);
    await server.stop();
    await server.start();
    await vi.waitFor(() => expect(running.err).toMatch(/\nLive\.\nOffline since .+\nLive again\.\n$/), patient);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('prints events as lines of JSON, from a cursor on', async () => {
    const { cursor } = await author.publish(channelId, { body: 'One.' });
    const { post } = await author.publish(channelId, { body: 'Two.' });
    const running = await following(['--json', '--since', cursor]);
    await author.correct(channelId, post.id, 1, { note: 'Three.', changes: { body: 'Three.' } });
    await vi.waitFor(() => expect(running.out.trim().split('\n')).toHaveLength(2));
    const events = running.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(events.map(({ type, offset }) => [type, offset])).toEqual([
      ['post.published', 3],
      ['post.revised', 4],
    ]);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('ends in good order when it is interrupted, as a process too', async () => {
    const child = spawn(process.execPath, [bin, 'follow', channelId], { env: { ...process.env, ...env } });
    const exited = once(child, 'exit');
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    await vi.waitFor(() => expect(said).toContain('Live.'), { timeout: 15_000 });
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  });

  it('exits with 1 where there is nothing to follow', async () => {
    const { code, err } = await done(['follow', 'no-such-channel']);
    expect([code, err]).toEqual([1, expect.stringContaining('There is nothing here.')]);
  });
});

describe('what a person can do about', () => {
  it.each([
    ['a token that is not there', () => ['post', channelId, 'One', '--token', ''], 'PRESSBOX_TOKEN'],
    ['a token that is none', () => ['post', channelId, 'One', '--token', 'moon'], 'pressbox token --help'],
    ['rights that are missing', () => ['channel', 'delete', channelId, '--yes'], 'pressbox token inspect'],
    ['a channel that is not there', () => ['post', 'nothing', 'One'], 'pressbox channel list'],
    ['a channel that cannot be followed', () => ['follow', 'nothing'], 'pressbox channel list'],
    ['a server that is not there', () => ['export', channelId, '--url', 'http://127.0.0.1:1'], 'PRESSBOX_URL'],
  ])('%s is said behind what happened', async (_what, argv, remedy) => {
    const { code, err } = await done(argv());
    const [happened, ...lines] = err.trimEnd().split('\n');
    expect([code, happened]).toEqual([1, expect.stringMatching(/^pressbox: .+\.$/)]);
    expect(lines.at(-1)).toContain(remedy);
  });
});

describe('what goes wrong with --json', () => {
  it('is one line of JSON, whatever it is', async () => {
    for (const [argv, code, said] of [
      [['post', channelId, '--image', 'https://example.org/a.jpg', 'One'], 2, { error: expect.stringContaining('--alt') }],
      [['post', channelId, '--kind', 'poem', 'One'], 2, { error: expect.stringContaining('poem') }],
      [['correct', channelId, '000000000000', '--kind', 'update', 'One'], 1, { error: expect.stringContaining('No post') }],
      [['post', 'nothing', 'One'], 1, { code: 'not-found' }],
      [['follow', 'nothing'], 1, { code: 'not-found' }],
      [['follow', channelId, '--url', 'moon'], 2, { error: expect.stringContaining('http') }],
      [
        ['post', channelId, 'One', '--timeout', '0.1', '--url', 'http://127.0.0.1:1'],
        1,
        { error: expect.any(String), again: expect.stringContaining('--key') },
      ],
    ] as const) {
      const answer = await done([...argv, '--json']);
      const lines = answer.err.trim().split('\n');
      expect([argv.join(' '), answer.code, JSON.parse(lines.at(-1) ?? '')]).toEqual([
        argv.join(' '),
        code,
        expect.objectContaining(said),
      ]);
      // While it tries again it says so beside it.
      expect(lines.filter((line) => !line.endsWith('Trying again ...'))).toHaveLength(1);
    }
  });
});

describe('a standard output', () => {
  const printing: [name: string, line: () => string][] = [
    ['--help', () => '--help'],
    ['channel list', () => 'channel list'],
    ['verify', () => `verify ${channelId}`],
    ['follow', () => `follow ${channelId}`],
  ];
  const exporting = () => `export ${channelId}`;
  /** As a process in a pipeline; `code` is its own. */
  async function inShell(line: string): Promise<{ code: number; err: string }> {
    const script = line.replace('pressbox', '"$NODE" "$BIN"');
    const child = spawn('bash', ['-c', `${script}; exit "\${PIPESTATUS[0]}"`], {
      env: { ...process.env, ...env, NODE: process.execPath, BIN: bin },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code, err: err.replace(/^Live\.\n/, '') };
  }

  it.for([...printing, ['export', exporting] as const])('on a disk that is full is told in a line, of %s', async ([, line]) => {
    const { code, err } = await inShell(`pressbox ${line()} >/dev/full`);
    expect([code, err]).toEqual([1, 'pressbox: The standard output: ENOSPC: no space left on device, write\n']);
  });

  it('on a disk that is full is told in JSON where that was asked for', async () => {
    const { code, err } = await inShell(`pressbox ${exporting()} --json >/dev/full`);
    expect([code, JSON.parse(err)]).toEqual([1, { error: expect.stringContaining('ENOSPC') }]);
  });

  it('on a disk that is full is no fault where nothing is printed', async () => {
    const { code, err } = await inShell('pressbox follow >/dev/full');
    expect([code, err]).toEqual([2, expect.not.stringContaining('ENOSPC')]);
  });

  it.for(printing)('that nobody reads any more ends %s without a word', async ([, line]) => {
    expect(await inShell(`pressbox ${line()} | true`)).toEqual({ code: 0, err: '' });
  });

  it('that nobody reads any more ends an export without a word, and not as done', async () => {
    expect(await inShell(`pressbox ${exporting()} | true`)).toEqual({ code: 1, err: '' });
    // More than a pipe holds.
    for (let posts = 0; posts < 20; posts += 1) await author.publish(channelId, { body: 'Down it goes. '.repeat(3_000) });
    expect(await inShell(`pressbox ${exporting()} | head -c 1`)).toEqual({ code: 1, err: '' });
  });
});

describe('pressbox --help', () => {
  it('has examples for every command', async () => {
    const commands = ['serve', 'token', 'token revoke', 'follow', 'post', 'correct', 'retract', 'takedown', 'pin'];
    const channel = ['create', 'list', 'update', 'end', 'delete'].map((name) => ['channel', name]);
    for (const argv of [[], ...commands.map((name) => name.split(' ')), ...channel]) {
      const { code, out } = await done([...argv, '--help']);
      expect([argv.join(' '), code, out]).toEqual([argv.join(' '), 0, expect.stringContaining('$ pressbox ')]);
    }
  });
});
