import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandRoom } from '../support/command-room.ts';

/** What the command says where something goes wrong, against a real server. */
const room = commandRoom();
const { done, env } = room;
const bin = fileURLToPath(new URL('../../bin/pressbox.mjs', import.meta.url));

describe('what a person can do about', () => {
  it.each([
    ['a token that is not there', () => ['post', room.channelId, 'One', '--token', ''], 'PRESSBOX_TOKEN'],
    ['a token that is none', () => ['post', room.channelId, 'One', '--token', 'moon'], 'pressbox token --help'],
    ['rights that are missing', () => ['channel', 'delete', room.channelId, '--yes'], 'pressbox token inspect'],
    ['a channel that is not there', () => ['post', 'nothing', 'One'], 'pressbox channel list'],
    ['a channel that cannot be followed', () => ['follow', 'nothing'], 'pressbox channel list'],
    ['a server that is not there', () => ['export', room.channelId, '--url', 'http://127.0.0.1:1'], 'PRESSBOX_URL'],
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
      // While it tries again it says so beside it.
      expect(lines.filter((line) => !line.endsWith('Trying again ...'))).toHaveLength(1);
    }
  });
});

describe('a standard output', () => {
  const printing: [name: string, line: () => string][] = [
    ['--help', () => '--help'],
    ['channel list', () => 'channel list'],
    ['verify', () => `verify ${room.channelId}`],
    ['follow', () => `follow ${room.channelId}`],
  ];
  const exporting = () => `export ${room.channelId}`;
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
    for (let posts = 0; posts < 20; posts += 1)
      await room.author.publish(room.channelId, { body: 'Down it goes. '.repeat(3_000) });
    expect(await inShell(`pressbox ${exporting()} | head -c 1`)).toEqual({ code: 1, err: '' });
  });

  it('that somebody is to read and does not keeps no command that is told to end', async () => {
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
