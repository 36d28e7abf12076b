import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Snapshot } from '../../../src/protocol/model.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { blocksOf } from '../../support/samples/markdown-blocks.ts';

const bin = join(root, 'bin/pressbox.mjs');
const readme = await readFile(join(root, 'README.md'), 'utf8');
const { scripts, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  version: string;
};

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

  /** Starts a child and collects what it prints. */
  function listen(command: string, args: string[]): { out: string } {
    const heard = { out: '' };
    start(command, args, env).stdout?.on('data', (chunk) => {
      heard.out += chunk;
    });
    return heard;
  }

  /** Runs lines of shell unchanged, and fails if one of them fails. */
  async function run(lines: string): Promise<string> {
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', lines], {
      cwd: root,
      env: { ...process.env, ...env },
    });
    return stdout;
  }

  const snapshot = async () => (await (await fetch(`${url}/v1/channels/moon-landing/snapshot`)).json()) as Snapshot;

  it('names the commands that start it and run its tests', () => {
    expect(blocks('Start in one minute')[0]).toBe('npm ci && npm start\n');
    expect(blocks('Run the tests')).toEqual(['npm ci && npm test\n']);
  });

  it('names the version', () => {
    expect(readme).toContain(`Version ${version}, `);
  });

  it('has at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  it('leads to the page that the demo plays', async () => {
    const [, path = ''] = /`http:\/\/127\.0\.0\.1:4000(\/live\/[\w-]+)`/.exec(readme) ?? [];
    expect(printed).toContain(path);
    await vi.waitFor(async () => expect(await (await fetch(url + path)).text()).toContain('Apollo 11'));
  });

  it('shows what a stock Socket.IO client receives', async () => {
    const [program = ''] = blocks('Read it with any Socket.IO client');
    // In the project's folder, where `socket.io-client` is installed.
    const file = join(root, 'dist', `readme-${process.pid}.mjs`);
    await writeFile(file, program.replace('http://127.0.0.1:4000', url));
    try {
      const client = listen(process.execPath, [file]);
      await vi.waitFor(() => expect(client.out).toMatch(/^\d+ posts$/m));
      await run('npx pressbox post moon-landing --headline "One more" "And more."');
      await vi.waitFor(() => expect(client.out).toContain('post.published One more'));
    } finally {
      await rm(file, { force: true });
    }
  });

  describeWith(needs.curl, 'has a first post that', () => {
    it('is published once with curl, corrected with the command, and reaches a follower', async () => {
      const follower = listen(process.execPath, [bin, 'follow', 'moon-landing']);
      await vi.waitFor(() => expect(follower.out).toContain('Apollo 11'));
      const [publish = '', correct = ''] = blocks('Publish a post');
      await run(publish);
      await vi.waitFor(() => expect(follower.out).toContain('Good morning, Moon'));
      await run(publish);
      const { posts } = await snapshot();
      expect(posts.filter(({ headline }) => headline === 'Good morning, Moon')).toHaveLength(1);

      await run(correct);
      await vi.waitFor(() => expect(follower.out).toMatch(/CORRECTION.*Good evening, Moon[\s\S]*It was evening there\./));
      expect(await (await fetch(`${url}/live/moon-landing`)).text()).toContain('Good evening, Moon');
    });
  });
});

describe('the servers that the readme and the guides start', () => {
  it('use neither the port nor the data directory of a running demo', async () => {
    const pages = ['README.md', 'docs/guides/install.md', 'docs/guides/publish-and-correct.md'];
    const texts = await Promise.all(pages.map((page) => readFile(join(root, page), 'utf8')));
    const started = texts.flatMap((text) => text.match(/^npx pressbox serve\b.*/gm) ?? []);
    expect(started.length).toBeGreaterThan(1);
    // A server from the package runs in its own folder, so only its port could collide.
    const ports = started.map((line) => / --port (?!4000)(\d+)/.exec(line)?.[1]);
    expect(ports).not.toContain(undefined);
    expect(new Set(ports).size).toBe(ports.length);
    expect(started).toContain('npx pressbox serve --port 4100 --data-dir ./newsroom');
  });
});
