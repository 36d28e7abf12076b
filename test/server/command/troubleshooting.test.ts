import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { problem } from '../../../src/protocol/problems.ts';
import { commandRoom } from '../../support/servers/command-room.ts';
import { startSite } from '../../support/servers/site.ts';

/** Error messages of the command, against a real server. */

const room = commandRoom();
const { done, env } = room;
const bin = fileURLToPath(new URL('../../../bin/pressbox.mjs', import.meta.url));

describe('advice after a refusal', () => {
  it.each([
    ['a missing token', () => ['post', room.channelId, 'One', '--token', ''], 'PRESSBOX_TOKEN'],
    ['an invalid token', () => ['post', room.channelId, 'One', '--token', 'moon'], 'pressbox token --help'],
    ['missing rights', () => ['channel', 'delete', room.channelId, '--yes'], 'pressbox token inspect'],
    ['a missing channel', () => ['post', 'nothing', 'One'], 'pressbox channel list'],
    ['a channel that cannot be followed', () => ['follow', 'nothing'], 'pressbox channel list'],
    ['an unreachable server', () => ['export', room.channelId, '--url', 'http://127.0.0.1:1'], 'PRESSBOX_URL'],
  ])('follows the message about %s', async (_what, argv, remedy) => {
    const { code, err } = await done(argv());
    const [happened, ...lines] = err.trimEnd().split('\n');
    expect([code, happened]).toEqual([1, expect.stringMatching(/^pressbox: .+\.$/)]);
    expect(lines.at(-1)).toContain(remedy);
  });

  it('explains a withdrawn post and ended coverage', async () => {
    const { channelId, author } = room;
    const { post } = await author.publish(channelId, { body: 'One' });
    await author.retract(channelId, post.id, { note: 'Wrong.' });
    expect((await done(['correct', channelId, post.id, '--kind', 'update', 'Two'])).err).toContain(
      'Publish a new one with `pressbox post`',
    );
    await author.updateChannel(channelId, '*', { state: 'ended' });
    expect((await done(['post', channelId, 'Two'])).err).toContain('`pressbox channel update <channel> --state live`');
    expect((await done(['channel', 'update', channelId, '--state', 'live'])).code).toBe(0);
    expect((await done(['post', channelId, 'Two'])).code).toBe(0);
  });

  it('explains to an author that a post is a colleague’s', async () => {
    const { post } = await room.author.publish(room.channelId, { body: 'One' });
    const token = await room.server.token({ author: ['*'] }, { sub: 'colleague' });
    const { code, err } = await done([
      'retract',
      room.channelId,
      post.id,
      '--revision',
      '1',
      '--note',
      'Wrong.',
      '--token',
      token,
    ]);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('Authors may change only their own posts, and this post has another author.'),
    ]);
  });

  it('starts with "nothing was changed" when the store cannot write, if that is known', async () => {
    for (const outcome of ['unchanged', 'unknown'] as const) {
      const body = JSON.stringify(problem('journal-unavailable', { outcome, retryAfter: 2 }));
      await using site = await startSite((_request, response) => {
        response.writeHead(503, { 'content-type': 'application/problem+json' }).end(body);
      });
      const { code, err } = await done(['post', room.channelId, 'One', '--timeout', '0.2', '--url', site.url]);
      expect([code, err.includes('Nothing was changed.')]).toEqual([1, outcome === 'unchanged']);
    }
  });
});

describe('errors with --json', () => {
  it('are one line of JSON in every case', async () => {
    for (const [argv, code, said] of [
      [['post', room.channelId, '--image', 'https://example.org/a.jpg', 'One'], 2, { error: expect.stringContaining('--alt') }],
      [['post', room.channelId, '--kind', 'poem', 'One'], 2, { error: expect.stringContaining('poem') }],
      [['correct', room.channelId, '000000000000', '--kind', 'update', 'One'], 1, { error: expect.stringContaining('No post') }],
      [['post', 'nothing', 'One'], 1, { code: 'not-found' }],
      [['follow', 'nothing'], 1, { code: 'not-found' }],
      [['follow', room.channelId, '--url', 'moon'], 2, { error: expect.stringContaining('http') }],
      [
        ['post', room.channelId, 'One', '--timeout', '0.1', '--url', 'http://127.0.0.1:1'],
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
      // Retries are reported too.
      expect(lines.filter((line) => !line.endsWith('Trying again ...'))).toHaveLength(1);
    }
  });
});

describe('standard output', () => {
  const printing: [name: string, line: () => string][] = [
    ['--help', () => '--help'],
    ['channel list', () => 'channel list'],
    ['verify', () => `verify ${room.channelId}`],
    ['follow', () => `follow ${room.channelId}`],
  ];
  const exporting = () => `export ${room.channelId}`;
  /** Runs a line of shell. `code` is the exit code of its first command, not of the whole pipeline. */
  async function inShell(line: string): Promise<{ code: number; err: string }> {
    const script = line.replace('pressbox', '"$NODE" "$BIN"');
    const child = spawn('bash', ['-c', `${script}; exit "\${PIPESTATUS[0]}"`], {
      env: { ...process.env, ...env, NODE: process.execPath, BIN: bin },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code, err: err.replace(/^Live\.\n/, '') };
  }

  it.for([...printing, ['export', exporting] as const])('on a full disk is reported in one line, by %s', async ([, line]) => {
    const { code, err } = await inShell(`pressbox ${line()} >/dev/full`);
    expect([code, err]).toEqual([1, 'pressbox: The standard output: ENOSPC: no space left on device, write\n']);
  });

  it('on a full disk is reported as JSON if requested', async () => {
    const { code, err } = await inShell(`pressbox ${exporting()} --json >/dev/full`);
    expect([code, JSON.parse(err)]).toEqual([1, { error: expect.stringContaining('ENOSPC') }]);
  });

  it('on a full disk is not an error if nothing is printed', async () => {
    const { code, err } = await inShell('pressbox follow >/dev/full');
    expect([code, err]).toEqual([2, expect.not.stringContaining('ENOSPC')]);
  });

  it.for(printing)('that its reader closes ends %s without a message', async ([, line]) => {
    expect(await inShell(`pressbox ${line()} | true`)).toEqual({ code: 0, err: '' });
  });

  it('that its reader closes ends an export without a message, but with an exit code of 1', async () => {
    expect(await inShell(`pressbox ${exporting()} | true`)).toEqual({ code: 1, err: '' });
    // More than a pipe can buffer.
    for (let posts = 0; posts < 20; posts += 1)
      await room.author.publish(room.channelId, { body: 'Down it goes. '.repeat(3_000) });
    expect(await inShell(`pressbox ${exporting()} | head -c 1`)).toEqual({ code: 1, err: '' });
  });

  it('that is not being read does not prevent a command from ending', async () => {
    for (let posts = 0; posts < 20; posts += 1)
      await room.author.publish(room.channelId, { body: 'Down it goes. '.repeat(3_000) });
    const child = spawn(process.execPath, [bin, ...exporting().split(' ')], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(child.stdout, 'readable');
    child.kill('SIGTERM');
    expect(await exited).toEqual([1, null]);
  });
});

describe('a malicious server', () => {
  /** Clears the screen, renames the window, hides what follows and reverses it. */
  const hostile = '\u001b[2J\u001b]0;x\u0007\u009b8m\u202e\r';
  // The command’s own styles and the start of its progress line may appear.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test searches for control characters
  const own = /\u001b\[(?:1|2|9|22|29|31|32|33|39)m|\r\u001b\[K/g;
  const obeyed = /(?![\n\t])\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

  /** Appends the hostile text to every string. */
  function spoilt(value: unknown, name: string, kept: ReadonlySet<string>): unknown {
    if (Array.isArray(value)) return value.map((one) => spoilt(one, name, kept));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spoilt(one, key, kept)]));
    return typeof value === 'string' && !kept.has(name) ? value + hostile : value;
  }

  /** A proxy that adds the hostile text to the real server’s answers, except in these fields. */
  async function startSpoiler(...kept: string[]) {
    const names = new Set(kept);
    const site = await startSite(async (request, response) => {
      const body = await buffer(request);
      const { method = 'GET', headers } = request;
      const answer = await fetch(room.server.url + request.url, {
        method,
        headers: Object.fromEntries(
          Object.entries(headers).filter(
            ([name]) => !['host', 'connection', 'content-length', 'transfer-encoding'].includes(name),
          ),
        ) as Record<string, string>,
        ...(body.length > 0 && { body }),
      });
      const lines = (await answer.text()).split('\n').filter((line) => line !== '');
      const said = lines.map((line) => JSON.stringify(spoilt(JSON.parse(line), '', names)));
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(said.join('\n'));
    });
    onTestFinished(() => site[Symbol.asyncDispose]());
    return site;
  }

  it.each([
    ['', []],
    [' in the fields that the next request does not need', ['id', 'channelId', 'code', 'status']],
  ])('cannot send control characters to the terminal%s', async (_what, kept) => {
    const { channelId, author } = room;
    const { post } = await author.publish(channelId, { headline: 'Down', body: 'Down.' });
    const { post: summary } = await author.publish(channelId, { kind: 'summary', body: 'All.', derivedFrom: [post.id] });
    const site = await startSpoiler(...kept);
    const other = (await author.createChannel({ headline: 'Other', state: 'live' })).channel.id;
    for (const argv of [
      ['channel', 'list'],
      ['channel', 'create', 'Another'],
      ['channel', 'create', 'Taken', '--id', channelId],
      ['channel', 'update', channelId, '--section', 'Space'],
      ['channel', 'update', channelId, '--section', 'Space', '--revision', '99'],
      ['post', channelId, 'One'],
      ['post', 'nothing', 'One'],
      ['correct', channelId, post.id, '--note', 'No.', 'Not down.'],
      ['correct', channelId, post.id, '--note', 'No.', '--revision', '99', 'Down.'],
      ['correct', channelId, 'latest', '--note', 'No.', 'Not down.'],
      ['correct', channelId, post.id.slice(0, 4), '--note', 'No.', 'Not down.'],
      ['pin', channelId, post.id],
      ['retract', channelId, post.id, '--note', 'No.'],
      ['takedown', channelId, summary.id],
      ['token', 'revoke', 'nobody'],
      ['verify', channelId],
      ['verify'],
      ['channel', 'delete', other, '--yes'],
    ]) {
      const { out, err } = await room.done([...argv, '--url', site.url], { terminal: true });
      const said = `${out}${err}`;
      expect([argv.join(' '), said.replaceAll(own, '')]).toEqual([argv.join(' '), expect.not.stringMatching(obeyed)]);
      expect(said).not.toBe('');
    }
  });
});
