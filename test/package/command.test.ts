import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { openShell, type Shell } from '../support/shell.ts';

const { folder, env } = inject('installed');

describe('the installed command', () => {
  let data: string;
  let shell: Shell;

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'pressbox-data-'));
    shell = openShell(folder, { ...env, PRESSBOX_DATA_DIR: data, PRESSBOX_LOG_LEVEL: 'warn' });
  });
  afterAll(async () => {
    await shell[Symbol.asyncDispose]();
    await rm(data, { recursive: true, force: true });
  });

  it('serves, signs a token, makes a channel, posts, and follows', async () => {
    const server = shell.start('npx pressbox serve --port 0');
    await vi.waitFor(() => expect(server.out).toMatch(/serves http:\S+/), { timeout: 15_000 });
    shell.env.PRESSBOX_URL = /serves (http:\S+)/.exec(server.out)?.[1];
    shell.env.PRESSBOX_TOKEN = (await shell.run('npx pressbox token --name "Ruth Calder" --editor "*"')).trim();

    await shell.run('npx pressbox channel create "Budget day" --id budget-day');
    const follower = shell.start('npx pressbox follow budget-day');
    await vi.waitFor(() => expect(follower.out).toContain('Budget day'), { timeout: 15_000 });
    await shell.run('npx pressbox post budget-day --headline "The session begins at noon"');
    await shell.run('npx pressbox correct budget-day latest --note "At one." --headline "The session begins at one"');
    await vi.waitFor(() => expect(follower.out).toMatch(/begins at noon[\s\S]*CORRECTION[\s\S]*begins at one/), {
      timeout: 15_000,
    });

    // The pages, with what they load.
    const page = await (await fetch(`${shell.env.PRESSBOX_URL}/live/budget-day`)).text();
    expect(page).toContain('The session begins at one');
    const assets = [...page.matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
    expect(assets.length).toBeGreaterThan(1);
    for (const path of assets) expect((await fetch(`${shell.env.PRESSBOX_URL}${path}`)).status).toBe(200);

    server.kill('SIGTERM');
    expect(await server.ended).not.toBe(70);
    expect(server.err).not.toMatch(/Error/);
  }, 60_000);

  it('says which Node it needs, and hands over to one that is installed beside it', async () => {
    const away = await mkdtemp(join(tmpdir(), 'pressbox-old-'));
    try {
      await writeFile(join(away, 'old.cjs'), "Object.defineProperty(process, 'version', { value: 'v20.9.0' });");
      const old = openShell(folder, { ...env, PATH: process.env.PATH, OLD: join(away, 'old.cjs') });
      const line = `"${process.execPath}" --require "$OLD" node_modules/pressbox/bin/pressbox.mjs --help`;
      const refused = old.start(line);
      expect(await refused.ended).toBe(2);
      await vi.waitFor(() => expect(refused.err).toMatch(/needs Node.js 24 or later; this is v20.9.0. Run "npm install node"/));

      const node = join(folder, 'node_modules', 'node', 'bin', 'node');
      await mkdir(dirname(node), { recursive: true });
      await writeFile(join(folder, 'node_modules', 'node', 'package.json'), '{"name":"node","version":"26.0.0"}');
      await writeFile(node, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
      await chmod(node, 0o755);
      expect(await old.run(line)).toContain('Usage: pressbox');
    } finally {
      await rm(join(folder, 'node_modules', 'node'), { recursive: true, force: true });
      await rm(away, { recursive: true, force: true });
    }
  });
});
