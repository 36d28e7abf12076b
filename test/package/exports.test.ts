import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { root } from '../support/runner/imports.ts';
import { blocksOf } from '../support/samples/markdown-blocks.ts';
import { freePort } from '../support/servers/free-port.ts';
import { openShell } from '../support/servers/shell.ts';

const { folder, env } = inject('installed');
const home = join(folder, 'node_modules', 'pressbox');
const app = join(folder, 'exports');
const run = promisify(execFile);

const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string }>;
};
const entries = Object.entries(exports).flatMap(([path, files]) =>
  typeof files === 'string' ? [] : [[path.replace('.', 'pressbox'), files] as const],
);

/** The names in the braces of an import or an export, without those of types. */
const namesIn = (braces: string) =>
  braces
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && !one.startsWith('type '))
    .map((one) => one.split(' as ').at(-1));

/** The names that an installed entry point really exports. */
async function exportedBy(entry: string): Promise<string[]> {
  const program = `console.log(JSON.stringify(Object.keys(await import('${entry}'))))`;
  const { stdout } = await run('node', ['--input-type=module', '-e', program], { cwd: app, env });
  return JSON.parse(stdout) as string[];
}

beforeAll(() => mkdir(app, { recursive: true }));

describe('the entry points of the installed package', () => {
  it('export what their types declare, and nothing else', async () => {
    expect(entries.length).toBeGreaterThan(2);
    for (const [entry, { types }] of entries) {
      const text = await readText(join(home, types));
      expect(text).not.toMatch(/^export \* from/m);
      const lists = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, names = '']) => namesIn(names));
      const declared = [...text.matchAll(/^export (?:declare )?(?:const|class|function) (\w+)/gm)].map(([, name]) => name);
      expect([entry, new Set(await exportedBy(entry))]).toEqual([entry, new Set([...lists, ...declared])]);
    }
  });

  it('export every name that a program in the documentation imports', async () => {
    const pages = (await readdir(join(home, 'docs'), { recursive: true })).filter((path) => path.endsWith('.md'));
    const texts = await Promise.all([join(home, 'README.md'), ...pages.map((path) => join(home, 'docs', path))].map(readText));
    const imports = texts.flatMap((text) => [...text.matchAll(/import \{([^}]+)\} from '(pressbox\/[^']+)'/g)]);
    expect(imports.length).toBeGreaterThan(5);
    const exported = new Map<string, string[]>();
    for (const [entry] of entries) exported.set(entry, await exportedBy(entry));
    for (const [statement, names = '', entry = ''] of imports)
      expect([statement, exported.get(entry)]).toEqual([statement, expect.arrayContaining(namesIn(names))]);
  });
});

describe('docs/guides/server-library.md', () => {
  it.each(['Start and stop it', 'Beside your own pages'])(
    'has a program that serves, and ends on SIGTERM: %s',
    async (heading) => {
      const [program = ''] = blocksOf(await readText(join(home, 'docs/guides/server-library.md')), heading);
      const port = await freePort();
      const name = `${heading.replaceAll(' ', '-')}.mjs`;
      await writeFile(join(app, name), program.replace('listen(3000', `listen(${port}`));
      await using shell = openShell(app, {
        ...env,
        PRESSBOX_PORT: '0',
        PRESSBOX_LOG_LEVEL: 'silent',
        PRESSBOX_DATA_DIR: './attached',
      });
      const server = shell.start(`exec node ${name}`);
      await vi.waitFor(() => expect(server.out).toMatch(/^Serves http:\S+/));
      const [, url = ''] = /^Serves (\S+)/.exec(server.out) ?? [];
      expect(await (await fetch(`${url}/v1/channels`)).json()).toEqual({ channels: [], next: null });
      if (url.endsWith('/live')) expect(await (await fetch(url.replace('/live', '/'))).text()).toBe('The Harbour Post');
      server.child.kill('SIGTERM');
      expect(await server.ended).toBe(0);
    },
  );
});

const readText = (path: string) => readFile(path, 'utf8');
