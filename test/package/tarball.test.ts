import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { root } from '../support/runner/imports.ts';

const { tarball, folder } = inject('installed');
const home = join(folder, 'node_modules', 'pressbox');
const files = readdirSync(home, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => posix.join(entry.parentPath.slice(home.length + 1), entry.name))
  .sort();
const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { dependencies: object };

/** The imports of a JavaScript file: `socket.io-client`, `./http.js`. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(home, path), 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^;]*?["']([^"'\n]+)["'];$|\bimport\("([^"]+)"\)/gm)].map(
    ([, fixed, dynamic]) => fixed ?? dynamic ?? '',
  );
}

/** All files that a file imports directly or indirectly, and the packages among them. */
function reachable(entry: string): { ours: string[]; packages: string[] } {
  const [ours, packages] = [new Set<string>(), new Set<string>()];
  for (const waiting = [entry]; waiting.length > 0; ) {
    const path = waiting.pop() as string;
    if (ours.has(path)) continue;
    ours.add(path);
    for (const to of importsOf(path)) {
      if (to.startsWith('.')) waiting.push(posix.join(dirname(path), to));
      else if (!to.startsWith('node:')) packages.add(to);
    }
  }
  return { ours: [...ours], packages: [...packages].sort() };
}

describe('the tarball', () => {
  it('holds code, docs, examples and files to deploy it with, and nothing else', () => {
    const kinds = [
      /^bin\/(?:pressbox|server)\.mjs$/,
      /^dist\/.*\.(?:js|d\.ts)$/,
      /^dist\/src\/journal\/redis\/lua\/[a-z-]+\.lua$/,
    ];
    const pages =
      /^dist\/web\/(?:manifest\.json|desk\.json|[a-z]+\.[\w-]{12}\.(?:js|css)|(?:demo-[a-z-]+|desk-icon)\.[\w-]{12}\.svg)$/;
    const texts =
      /^(?:package\.json|conformance\/(?:client-rules|embeds)\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/README\.md|docs\/(?:explanation|guides(?:\/clients)?|reference|tutorial)\/[a-z-]+\.md|examples\/[\w./-]+)$/;
    // Configuration, manifests and scripts to deploy it with.
    const deployed = /^deploy\/[\w./-]+$/;
    expect(files.filter((path) => ![...kinds, pages, texts, deployed].some((kind) => kind.test(path)))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'bin/pressbox.mjs',
        'deploy/systemd/pressbox-verify.sh',
        'dist/client/bundle.js',
        'dist/client/cli/main.js',
        'dist/client/lib/index.d.ts',
        'dist/client/lib/index.js',
        'dist/conformance/index.js',
        'dist/src/server-package.d.ts',
        'dist/src/server-package.js',
        'dist/src/journal/sqlite/reader.js',
        'dist/src/journal/sqlite/writer.js',
        'dist/src/journal/redis/lua/append.lua',
        'dist/web/manifest.json',
        'docs/README.md',
        'docs/guides/install.md',
      ]),
    );
    // A larger tarball has something in it that should not be there. The script of the desk, with its editor, is a quarter of it.
    const kilobytes = Math.round(statSync(tarball).size / 1_000);
    console.log(`The tarball has ${files.length} files and ${kilobytes} kB.`);
    expect(kilobytes).toBeLessThan(1_300);
  });

  it('has the licence, and no trace of the machine it was built on', () => {
    const about = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Record<string, unknown>;
    const publishConfig = { access: 'public', provenance: true };
    expect(about).toMatchObject({ name: 'pressbox', license: 'MIT', publishConfig, engines: { node: '>=24' } });
    expect(about).not.toHaveProperty('private');
    expect(readFileSync(join(home, 'LICENSE'), 'utf8')).toContain('MIT');
    const telling = [root, dirname(tarball), '-----BEGIN', 'sourceMappingURL'];
    const text = (path: string) => readFileSync(join(home, path), 'utf8');
    expect(files.filter((path) => telling.some((trace) => text(path).includes(trace)))).toEqual([]);
  });

  it('imports only its own files and packages that are installed with it', () => {
    const scripts = files.filter(
      (path) => /^dist\/(?:client|conformance|demo|src)\/.*\.js$/.test(path) && !path.endsWith('/bundle.js'),
    );
    expect(scripts.length).toBeGreaterThan(100);
    const wrong = scripts.flatMap((path) =>
      importsOf(path)
        .filter((to) =>
          to.startsWith('.')
            ? !files.includes(posix.join(dirname(path), to))
            : !(to.startsWith('node:') ? builtinModules.includes(to.slice(5)) || to === 'node:sqlite' : to in dependencies),
        )
        .map((to) => `${path} imports ${to}`),
    );
    expect(wrong).toEqual([]);
    const used = new Set(scripts.flatMap(importsOf));
    expect(Object.keys(dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  it('has a client that needs neither schemas nor Node.js modules', () => {
    const { ours, packages } = reachable('dist/client/lib/index.js');
    expect(ours).toContain('dist/client/lib/timeline/timeline.js');
    const allowed = ['eventsource-parser', 'socket.io-client', 'uuid'];
    expect(packages.filter((name) => !allowed.includes(name.split('/')[0] ?? ''))).toEqual([]);
    expect(ours.filter((path) => importsOf(path).some((to) => to.startsWith('node:')))).toEqual([]);
    expect(
      ours.filter(
        (path) =>
          !/^dist\/(?:client\/lib\/(?:timeline\/|transports\/)?[a-z-]+|src\/protocol\/(?:embeds\/)?[a-z-]+)\.js$/.test(path),
      ),
    ).toEqual([]);
  });
});
