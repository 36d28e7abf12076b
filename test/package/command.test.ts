import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { describeWith, needs } from '../support/runner/needs.ts';
import { blocksOf } from '../support/samples/markdown-blocks.ts';
import { openShell, type Shell, type Started } from '../support/servers/shell.ts';
import { startRedis } from '../support/stores/redis.ts';

const { folder, line, env } = inject('installed');
const home = join(folder, 'node_modules', 'pressbox');
const guide = 'docs/guides/install.md';

async function blocks(name: string, heading: string): Promise<string[]> {
  return blocksOf(await readFile(join(home, name), 'utf8'), heading);
}

describe('the package in an empty folder, by docs/guides/install.md', () => {
  let shell: Shell;
  let server: Started;
  let url: string;
  const here = (text: string) => text.replaceAll('http://127.0.0.1:4000', url);

  beforeAll(async () => {
    // With the folder's own ./data and a free port.
    shell = openShell(folder, { ...env, PRESSBOX_PORT: '0', PRESSBOX_LOG_LEVEL: 'warn' });
    const [[install, serve] = []] = (await blocks(guide, 'Install the package')).map((block) => block.trimEnd().split('\n'));
    expect(install).toBe(line);
    expect(serve).toBe('npx pressbox serve --port 4200');
    server = shell.start('npx pressbox serve --port 0');
    await vi.waitFor(() => expect(server.out).toMatch(/serves http:\S+/));
    url = /serves (http:\S+)/.exec(server.out)?.[1] ?? '';
    shell.env.PRESSBOX_URL = url;
  });
  afterAll(() => shell[Symbol.asyncDispose]());

  it('publishes, corrects and follows as the quick start says', async () => {
    const [, commands = ''] = await blocks(guide, 'Install the package');
    const lines = commands.replace('http://127.0.0.1:4200', url).trimEnd().split('\n');
    const follow = lines.pop() ?? '';
    expect(follow).toMatch(/^npx pressbox follow /);
    // The token is for the following commands in this terminal, like an export.
    const token = await shell.run(`${lines.join('\n')}\nprintf '\\n%s' "$PRESSBOX_TOKEN"`);
    shell.env.PRESSBOX_TOKEN = token.split('\n').at(-1);
    const follower = shell.start(follow);
    await vi.waitFor(() => expect(follower.out).toMatch(/Fire at the harbour[\s\S]*Smoke over pier five/));
    await shell.run('npx pressbox retract harbour-fire latest --note "It was steam."');
    await vi.waitFor(() => expect(follower.out).toMatch(/RETRACT[\s\S]*It was steam\./));
    follower.kill('SIGINT');
    await follower.ended;
  });

  it('ends on SIGTERM if a service starts it by its path', async () => {
    expect(await readFile(join(home, guide), 'utf8')).toContain('`node_modules/.bin/pressbox serve`');
    const service = shell.start('exec node_modules/.bin/pressbox serve --port 0 --data-dir service');
    await vi.waitFor(() => expect(service.out).toMatch(/serves http:\S+/));
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    const address = /serves (http:\S+)/.exec(service.out)?.[1] ?? '';
    await expect(fetch(`${address}/readyz`)).rejects.toThrow();
  });

  it('serves pages with their scripts and styles', async () => {
    const page = await (await fetch(`${url}/live/harbour-fire`)).text();
    expect(page).toContain('Fire at the harbour');
    const assets = [...page.matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
    expect(assets.length).toBeGreaterThan(1);
    for (const path of assets) expect((await fetch(`${url}${path}`)).status).toBe(200);
  });

  it('has a starter program that runs unchanged', async () => {
    const [program = ''] = await blocks('docs/guides/clients/nodejs.md', '# Follow');
    await writeFile(join(folder, 'watch.mjs'), here(program).replace('moon-landing', 'harbour-fire'));
    const watching = shell.start('exec node watch.mjs');
    await vi.waitFor(() => expect(watching.out).toMatch(/1 posts, the newest:[\s\S]*^live$/m));
    watching.kill();
    await watching.ended;
  });

  it('has a server for other programs, which starts as docs/guides/server-library.md says', async () => {
    const [program = ''] = await blocks('docs/guides/server-library.md', 'Start and stop it');
    await writeFile(join(folder, 'serve.mjs'), program);
    const serving = shell.start('exec node serve.mjs');
    await vi.waitFor(() => expect(serving.out).toMatch(/^Serves http:\S+$/m));
    const { status } = await fetch(`${/Serves (http:\S+)/.exec(serving.out)?.[1]}/readyz`);
    serving.kill('SIGTERM');
    expect([status, await serving.ended]).toEqual([200, 0]);
    const refused = shell.start('PRESSBOX_PORT=high exec node serve.mjs');
    expect(await refused.ended).toBe(1);
    await vi.waitFor(() => expect(refused.err).toContain('PRESSBOX_PORT: '));
  });

  it('has examples that start as their readme says', async () => {
    shell.env.PRESSBOX_PORT = undefined;
    await shell.run('npx pressbox channel create "First landing" --id moon-landing');
    const [[bot = ''], [copies = '']] = await Promise.all([
      blocks('examples/README.md', 'The bot'),
      blocks('examples/README.md', 'The page'),
    ]);
    expect(await shell.run(bot)).toBe('quake-81: published\n');
    await shell.run(
      copies.replace(/^python3 -m http\.server.*$/m, 'test -s page/index.html -a -s page/page.js -a -s page/pressbox-client.js'),
    );
  });

  describeWith(needs.pythonSocketIo, 'the reader in Python', () => {
    it('reads what the bot published', () => reads('The reader in Python'));
  });
  describeWith(needs.curl, 'curl', () => {
    it('reads what the bot published', () => reads('curl'));
  });

  async function reads(heading: string): Promise<void> {
    const [block = ''] = await blocks('examples/README.md', heading);
    const reader = shell.start(`exec ${here(block.trim().split('\n').at(-1) ?? '')}`);
    await vi.waitFor(() => expect(reader.out).toContain('Earthquake of 5.1'));
    reader.kill();
    await reader.ended;
  }

  it('shuts down cleanly', async () => {
    server.kill('SIGTERM');
    expect([0, 143, 'SIGTERM']).toContain(await server.ended);
    expect(server.err).not.toMatch(/Error/);
  });
});

describeWith(needs.redis, 'the installed command with several processes', (binary) => {
  it('serves with all of them, and shuts down cleanly if a service manager signals each', async () => {
    await using redis = await startRedis(binary);
    const settings = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: 'x'.repeat(32), PRESSBOX_WORKERS: '2' };
    await using shell = openShell(folder, { ...env, ...settings, PRESSBOX_PORT: '0', PRESSBOX_LOG_LEVEL: 'warn' });
    const server = shell.start('exec npx pressbox serve');
    await vi.waitFor(() => expect(server.out).toMatch(/serves http:\S+/));
    const url = /serves (http:\S+)/.exec(server.out)?.[1] ?? '';
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^pressbox_workers 2$/m);
    server.kill('SIGTERM');
    // npx may end before it.
    await vi.waitFor(() => expect(fetch(`${url}/healthz`)).rejects.toThrow());
    await server.ended;
    expect([server.out, server.err].join()).not.toMatch(/Error|worker died/);
  });
});

describe('the installed command on an old Node', () => {
  it('names the Node.js it needs, and runs on one that is installed beside it', async () => {
    const away = await mkdtemp(join(tmpdir(), 'pressbox-old-'));
    await using shell = openShell(folder, { ...env, ...(await oldNode(away)) });
    try {
      const refused = shell.start('npx pressbox serve');
      expect(await refused.ended).toBe(2);
      await vi.waitFor(() =>
        expect(refused.err).toMatch(
          /pressbox needs Node.js 24 or later; this is v(?:1\d|2[0-3])\.[\d.]+\. Run "npm install node" where pressbox is installed/,
        ),
      );

      const node = join(folder, 'node_modules', 'node', 'bin', 'node');
      await mkdir(dirname(node), { recursive: true });
      await writeFile(join(folder, 'node_modules', 'node', 'package.json'), '{"name":"node","version":"26.0.0"}');
      await writeFile(node, `#!/bin/sh\nunset NODE_OPTIONS\nexec '${process.execPath}' "$@"\n`);
      await chmod(node, 0o755);
      expect(await shell.run('npx pressbox --help')).toContain('Usage: pressbox');
    } finally {
      await rm(join(folder, 'node_modules', 'node'), { recursive: true, force: true });
      await rm(away, { recursive: true, force: true });
    }
  });
});

/** An environment in which `node` is older than the command accepts: the machine's own, or ours reporting an older version. */
async function oldNode(away: string): Promise<Record<string, string>> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  const own = folders.find((path) => {
    try {
      return Number(/^v(\d+)/.exec(execFileSync(join(path, 'node'), ['--version'], { encoding: 'utf8' }))?.[1]) < 24;
    } catch {
      return false;
    }
  });
  if (own !== undefined) return { PATH: [own, ...folders].join(delimiter) };
  await writeFile(join(away, 'old.cjs'), "Object.defineProperty(process, 'version', { value: 'v20.19.0' });");
  return { NODE_OPTIONS: `--require ${join(away, 'old.cjs')}` };
}
