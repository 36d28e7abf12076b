import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { configTable } from '../../../src/config.ts';
import { type Correction, eventTypes, type Snapshot } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';
import { blocksOf } from '../../support/samples/markdown-blocks.ts';

const root = join(import.meta.dirname, '../../..');
const bin = join(root, 'bin/pressbox.mjs');
const readme = await readFile(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

const blocks = (heading: string) => blocksOf(readme, heading);

describe('the readme', () => {
  let directory: string;
  let server: ChildProcess;
  let printed = '';
  let url: string;
  let env: Record<string, string | undefined>;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pressbox-readme-'));
    const quiet = { PRESSBOX_DATA_DIR: directory, PRESSBOX_LOG_LEVEL: 'warn' };
    // What `npm start` runs, on a free port.
    expect(scripts.start).toBe('node bin/pressbox.mjs serve --demo');
    server = start(process.execPath, [bin, 'serve', '--demo', '--port', '0'], quiet);
    server.stdout?.on('data', (chunk) => {
      printed += chunk;
    });
    await vi.waitFor(() => expect(printed).toContain('npx pressbox correct'));
    const exported = Object.fromEntries([...printed.matchAll(/export (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
    url = exported.PRESSBOX_URL ?? '';
    env = { ...quiet, ...exported };
  });
  afterAll(async () => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  });

  function start(command: string, args: string[], more: Record<string, string | undefined>): ChildProcess {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...more }, stdio: ['ignore', 'pipe', 'inherit'] });
    started.push(child);
    return child;
  }

  /** Runs lines of the shell as they stand, but for the port. Fails where one of them does. */
  async function run(lines: string): Promise<string> {
    const script = lines
      .replaceAll(/http:\/\/127\.0\.0\.1:4[01]00/g, url)
      .replaceAll('PRESSBOX_DATA_DIR=./newsroom', `PRESSBOX_DATA_DIR=${directory}`);
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: root,
      env: { ...process.env, ...env },
    });
    return stdout;
  }

  const get = async (path: string) => (await fetch(`${url}${path}`)).json();

  it('names the two commands that set it up', () => {
    expect(blocks('Set up')).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n']);
  });

  it('has a first minute in which the commands do what it says', async () => {
    const [follow = '', post = '', correct = ''] = (blocks('The first minute')[0] ?? '').trim().split('\n');
    for (const command of [follow, post, correct]) expect(printed).toContain(command);
    expect(follow).toMatch(/^npx pressbox follow /);
    let followed = '';
    const follower = start(process.execPath, [bin, ...follow.split(' ').slice(2)], env);
    follower.stdout?.on('data', (chunk) => {
      followed += chunk;
    });
    await vi.waitFor(() => expect(followed).toContain('Apollo 11'));
    await run(`${post}\n${correct}`);
    await vi.waitFor(() => expect(followed).toMatch(/CORRECTION.*Good evening, Moon[\s\S]*It was evening there\./));
    expect(followed).toContain('Good morning, Moon');
    expect(await (await fetch(`${url}/live/moon-landing`)).text()).toContain('Good evening, Moon');
  });

  it('tells how to publish and correct, line by line', async () => {
    const [commands = '', requests = ''] = blocks('Publish and correct');
    // That npx finds the command is shown above; without it this takes half as long.
    await run(commands.replaceAll('npx pressbox', `"${process.execPath}" "${bin}"`));
    const { channel, posts, pinned, summary, keyEvents } = (await get('/v1/channels/budget-day/snapshot')) as Snapshot;
    expect(channel).toMatchObject({ headline: 'Budget day', section: 'Politics', state: 'ended' });
    expect(posts.map(({ status }) => status)).toEqual(['retracted', 'published', 'published']);
    expect(summary?.html).toContain('<li>Taxes stay');
    expect(pinned?.id).toBe(summary?.id);
    expect(keyEvents.map(({ headline }) => headline)).toEqual(['The session begins at one']);
    expect(posts[2]?.history.map(({ kind }) => kind)).toEqual(['correction', 'update']);
    expect(posts[2]?.html).toContain('First comes the budget.');

    const answers = (await run(requests.trim().split('\n').join(' && echo &&\n'))).split('\n').map((line) => JSON.parse(line));
    expect((answers[0] as Snapshot).channel.id).toBe('budget-day');
    const { corrections } = answers[1] as { corrections: Correction[] };
    expect(corrections.map(({ kind }) => kind)).toEqual(['retraction', 'correction']);
  });

  it('has a program to start from that runs as it stands', async () => {
    const [program = ''] = blocks('In your own page or program');
    // In the project's folder, as the readme says, where `pressbox/client` is this project's.
    const file = join(root, 'dist', `readme-${process.pid}.mjs`);
    await writeFile(file, program.replace('http://127.0.0.1:4000', url));
    try {
      let told = '';
      const child = start(process.execPath, [file], {});
      child.stdout?.on('data', (chunk) => {
        told += chunk;
      });
      await vi.waitFor(() => expect(told).toMatch(/\d+ posts, the newest: [\s\S]*^live$/m));
      await run('npx pressbox post moon-landing "One more."');
      await vi.waitFor(() => expect(told).toContain('post.published at '));

      await writeFile(file, program.replace('http://127.0.0.1:4000', url).replace('moon-landing', 'mars-landing'));
      const lost = promisify(execFile)(process.execPath, [file], { cwd: root });
      const { code, stdout, stderr } = (await lost.catch((error: unknown) => error)) as Record<string, unknown>;
      const { detail, title } = (await get('/v1/channels/mars-landing')) as Problem;
      expect([code, stderr]).toEqual([1, `refused: ${detail ?? title}\n`]);
      expect(stdout).not.toContain('ended');
    } finally {
      await rm(file, { force: true });
    }
  });

  it('follows a stream with an EventSource, which goes on', async () => {
    const [program = ''] = blocks('Without WebSocket');
    expect(eventTypes.filter((type) => !program.includes(`'${type}'`))).toEqual([]);
    const file = join(directory, 'follow.mjs');
    await writeFile(file, program.replace('http://127.0.0.1:4000', url));
    let told = '';
    const child = start(process.execPath, ['--experimental-eventsource', '--no-warnings', file], {});
    child.stdout?.on('data', (chunk) => {
      told += chunk;
    });
    await vi.waitFor(() => expect(told).toMatch(/^caught up: \d+ of snapshot$/m));
    await run(`"${process.execPath}" "${bin}" post moon-landing "One for the stream."`);
    await vi.waitFor(() => expect(told).toContain('post.published at '));
  });

  it('starts no server on the port or the data directory of a demo that runs', () => {
    const started = readme.match(/npx pressbox serve\b[^`\n]*/g) ?? [];
    expect(started.length).toBeGreaterThan(1);
    // What comes from the package is in a folder of its own.
    expect(started.filter((line) => !/ --port (?!4000)\d+/.test(line))).toEqual([]);
    expect(readme).toContain('npx pressbox serve --port 4100 --data-dir ./newsroom');
    const ports = started.map((line) => / --port (\d+)/.exec(line)?.[1]);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('has settings as the program has them', () => {
    const rows = readme.split('\n').filter((line) => line.startsWith('| `PRESSBOX_'));
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows) expect(configTable()).toContain(row);
  });
});
