import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, importsOf, reachableFrom, readSources, root, withoutComments } from '../../support/runner/imports.ts';

/**
 * The permitted imports between the parts of the source. Keys are path prefixes, and a file belongs to the longest that matches.
 * A file may import from its own part, and from the parts listed here.
 */
const arrows: Record<string, readonly string[]> = {
  'src/main.ts': ['src/serve.ts', 'src/startup-errors.ts', 'src/config.ts'],
  // Starts the server in one process or several.
  'src/serve.ts': ['src/server.ts', 'src/workers/', 'src/telemetry/', 'src/config.ts'],
  'src/workers/': [
    'src/workers/worker-limits.ts',
    'src/server.ts',
    'src/startup-errors.ts',
    'src/access/secret.ts',
    'src/http/',
    'src/telemetry/',
    'src/protocol/',
    'src/config.ts',
  ],
  'src/workers/worker-limits.ts': ['src/protocol/'],
  'src/make-directory.ts': [],
  'src/fair-queue.ts': [],
  'src/lock-file.ts': [],
  'src/unknown-settings.ts': [],
  // Turns a failed start into a sentence.
  'src/startup-errors.ts': ['src/journal/engine.ts', 'src/config.ts', 'src/access/secret.ts', 'src/web/pages/assets.ts'],
  // The server as the package exports it.
  'src/server-package.ts': ['src/server.ts', 'src/startup-errors.ts', 'src/config.ts', 'src/config-variables.ts'],
  // The composition root.
  'src/server.ts': ['src/'],
  // Opens the store of uploads.
  'src/open-media.ts': [
    'src/media/',
    'src/newsroom/uploads.ts',
    'src/newsroom/newsroom-limits.ts',
    'src/journal/engine.ts',
    'src/telemetry/log.ts',
    'src/config.ts',
  ],
  // The HTTP application.
  'src/app.ts': [
    'src/media/media-store.ts',
    'src/live/',
    'src/access/',
    'src/api/',
    'src/newsroom/',
    'src/http/',
    'src/journal/engine.ts',
    'src/streams/',
    'src/protocol/',
    'src/web/',
    'src/web/brand/',
    'src/telemetry/',
    'src/config.ts',
  ],
  // All limits in one place.
  'src/all-limits.ts': [
    'src/access/',
    'src/newsroom/',
    'src/http/',
    'src/journal/losses/loss-limits.ts',
    'src/journal/sqlite/',
    'src/journal/redis/',
    'src/media/',
    'src/streams/',
    'src/live/',
    'src/protocol/',
    'src/workers/worker-limits.ts',
    'src/telemetry/telemetry-limits.ts',
    'src/web/brand/',
  ],
  // Commands that read a store without a server.
  'src/verify.ts': [
    'src/newsroom/',
    'src/journal/',
    'src/journal/sqlite/',
    'src/journal/redis/',
    'src/media/verify-media.ts',
    'src/protocol/',
  ],
  'src/repair.ts': ['src/protocol/', 'src/journal/redis/'],
  'src/backup.ts': ['src/access/secret.ts', 'src/journal/sqlite/'],
  'src/migrate.ts': ['src/access/secret.ts', 'src/journal/', 'src/journal/sqlite/', 'src/journal/redis/'],
  // The rules for origins, secrets and addresses of stores belong to the code that uses them.
  'src/config-variables.ts': [
    'src/http/origins.ts',
    'src/access/secret.ts',
    'src/journal/redis/connection/store-address.ts',
    'src/protocol/',
    'src/workers/worker-limits.ts',
  ],
  'src/config.ts': ['src/config-variables.ts', 'src/access/secret.ts', 'src/unknown-settings.ts', 'src/workers/worker-limits.ts'],
  'src/api/': [
    'src/newsroom/',
    'src/live/',
    'src/http/',
    'src/access/',
    'src/streams/',
    'src/journal/engine.ts',
    'src/journal/post-tags.ts',
    'src/media/media-store.ts',
    'src/protocol/',
  ],
  // Connections of readers.
  'src/live/': ['src/http/', 'src/access/', 'src/streams/', 'src/journal/engine.ts', 'src/protocol/', 'src/telemetry/metrics.ts'],
  'src/newsroom/': ['src/markdown/', 'src/journal/', 'src/media/media-store.ts', 'src/protocol/'],
  // The Markdown of authors, for server and browser.
  'src/markdown/': ['src/protocol/'],
  'src/journal/': ['src/protocol/'],
  'src/journal/losses/': ['src/journal/', 'src/protocol/', 'src/make-directory.ts'],
  'src/journal/sqlite/': ['src/journal/', 'src/protocol/', 'src/lock-file.ts', 'src/make-directory.ts'],
  'src/journal/redis/': ['src/journal/', 'src/journal/redis/connection/store-address.ts', 'src/protocol/'],
  'src/journal/redis/connection/store-address.ts': [],
  // Uploaded pictures, videos and sounds: the port, and its store in a directory.
  'src/media/': ['src/protocol/', 'src/make-directory.ts', 'src/fair-queue.ts'],
  'src/streams/': ['src/journal/engine.ts', 'src/journal/read-guard.ts', 'src/protocol/'],
  // The API documents, as data and as JSON, without a server.
  'src/apidocs/': ['src/all-limits.ts', 'src/protocol/', 'generated/'],
  // The paper's brand: reads its folder once, and knows no page.
  'src/web/brand/': ['src/api/', 'src/protocol/', 'client/browser/view/'],
  'src/web/': [
    'src/web/brand/',
    'src/api/',
    'src/live/',
    'src/apidocs/',
    'src/access/',
    'src/streams/',
    'src/http/',
    'src/journal/engine.ts',
    'src/journal/post-tags.ts',
    'src/journal/read-guard.ts',
    'src/media/media-store.ts',
    'src/protocol/',
    'src/telemetry/metrics.ts',
    // Renders posts the same way on the server and in the page.
    'client/browser/view/',
  ],
  // Identifies requesters and checks what they may read.
  'src/access/': [
    'src/streams/',
    'src/journal/engine.ts',
    'src/newsroom/newsroom-limits.ts',
    'src/protocol/',
    'src/make-directory.ts',
  ],
  'src/http/': ['src/access/', 'src/journal/engine.ts', 'src/protocol/', 'src/fair-queue.ts'],
  'src/telemetry/': ['src/http/', 'src/config-variables.ts', 'src/journal/engine.ts', 'src/journal/', 'src/protocol/'],
  'src/protocol/': [],
  'client/lib/': ['src/protocol/'],
  'client/browser/': ['client/lib/', 'client/browser/view/', 'client/browser/i18n/', 'src/protocol/'],
  'client/browser/view/': ['client/browser/i18n/', 'src/protocol/'],
  'client/browser/element/': ['client/lib/', 'client/browser/', 'client/browser/view/', 'client/browser/i18n/', 'src/protocol/'],
  // The page for authors.
  'client/browser/desk/': [
    'client/lib/',
    'client/browser/',
    'client/browser/view/',
    'client/browser/i18n/',
    'src/markdown/',
    'src/protocol/',
  ],
  // The words on pages, one file per language.
  'client/browser/i18n/': ['src/protocol/'],
  'client/cli/': [
    'client/lib/',
    'src/protocol/',
    'src/serve.ts',
    'src/startup-errors.ts',
    'src/backup.ts',
    'src/migrate.ts',
    'src/repair.ts',
    'src/verify.ts',
    'src/config.ts',
    'src/lock-file.ts',
    'src/make-directory.ts',
    'src/access/',
    'demo/',
    'conformance/',
  ],
  'demo/': ['client/lib/', 'src/protocol/'],
  // Tests a server only from outside.
  'conformance/': ['src/protocol/'],
  // Measures from outside, with the helpers of the tests.
  'bench/': ['src/', 'client/lib/', 'test/support/'],
  'test/support/': [],
  // Written by `npm run docs`.
  'generated/': [],
};

/** Where each package may be imported. Other packages may be imported nowhere. */
const packages: Record<string, readonly string[]> = {
  'node:sqlite': ['src/journal/sqlite/', 'src/lock-file.ts'],
  ioredis: ['src/journal/redis/'],
  express: ['src/api/', 'src/live/', 'src/web/', 'src/http/', 'src/telemetry/', 'src/server.ts', 'src/app.ts'],
  'engine.io': ['src/live/'],
  'socket.io-parser': ['src/live/'],
  ws: ['bench/'],
  'socket.io-client': ['client/', 'conformance/'],
  // Only for code that only browsers load, so that the server does not need it at run time.
  lit: ['client/browser/element/', 'client/browser/desk/'],
  idb: ['client/browser/desk/'],
  'eventsource-parser': ['client/', 'conformance/'],
  zod: ['src/protocol/', 'src/apidocs/', 'src/config-variables.ts', 'src/api/', 'src/web/brand/'],
  sharp: ['src/media/'],
  jose: ['src/access/'],
  helmet: ['src/http/'],
  pino: ['src/telemetry/'],
  'prom-client': ['src/telemetry/'],
  'markdown-it': ['src/markdown/'],
  'prosemirror-commands': ['client/browser/desk/'],
  'prosemirror-history': ['client/browser/desk/'],
  'prosemirror-inputrules': ['client/browser/desk/'],
  'prosemirror-keymap': ['client/browser/desk/'],
  'prosemirror-markdown': ['client/browser/desk/'],
  'prosemirror-model': ['client/browser/desk/'],
  'prosemirror-schema-list': ['client/browser/desk/'],
  'prosemirror-state': ['client/browser/desk/'],
  'prosemirror-view': ['client/browser/desk/'],
  commander: ['client/cli/', 'bench/'],
  uuid: ['bench/'],
  'playwright-core': ['bench/'],
  // Only types: the vocabulary of schema.org.
  'schema-dts': ['src/web/'],
};

/** Paths of the project, as opposed to packages. */
const ours = /^(?:src|client|demo|conformance|bench|test|generated)\//;

const sources = readSources('src', 'client', 'demo', 'conformance', 'bench');
const imports = importsOf(sources);

/** Style sheets and JSON files that scripts import do not count as sources. */
function isDataFile(path: string): boolean {
  return /\.(?:css|json)$/.test(path) && existsSync(join(root, path));
}

function placeOf(path: string): string | undefined {
  return Object.keys(arrows)
    .filter((place) => path.startsWith(place))
    .sort((a, b) => b.length - a.length)[0];
}

/** A sentence for each import that is not permitted. */
function strays(all: readonly Import[]): string[] {
  return all.flatMap(({ from, to }) => {
    const place = placeOf(from);
    if (place === undefined) return [`${from} lies in no folder of the layout`];
    return permitted(place, to) ? [] : [`${from} must not import ${to}`];
  });
}

function permitted(place: string, to: string): boolean {
  if (to.startsWith('node:') && packages[to] === undefined) return true;
  if (!ours.test(to)) return (packages[to] ?? []).some((at) => place.startsWith(at));
  if (placeOf(to) === place) return true;
  return (arrows[place] ?? []).some((arrow) => follows(arrow, to));
}

/** `src/journal/` means the files directly in it, without its engines. `src/` means all files. */
function follows(arrow: string, to: string): boolean {
  return arrow === 'src/' || arrow === to ? to.startsWith(arrow) : placeOf(to) === arrow;
}

/** Tables of limits, which may be imported from anywhere because they import only the protocol. */
const limitTable = /^src\/.+\/[a-z-]*limits\.ts$/;

/** Import cycles between the parts. */
function rings(all: readonly Import[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of all) {
    const [a, b] = [placeOf(from), placeOf(to)];
    if (a === undefined || b === undefined || a === b || limitTable.test(to)) continue;
    next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const found = new Set<string>();
  const walk = (way: string[]) => {
    for (const place of next.get(way.at(-1) as string) ?? []) {
      const start = way.indexOf(place);
      if (start >= 0) found.add([...way.slice(start), place].join(' → '));
      else walk([...way, place]);
    }
  };
  for (const place of next.keys()) walk([place]);
  return [...found];
}

/**
 * Circles of files that import each other, types included: each is given as the shortest path from one of its files back to that
 * file.
 */
function circles(all: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of all) if (ours.test(to)) next.set(from, [...(next.get(from) ?? []), to]);
  const found = new Map<string, string>();
  for (const start of next.keys()) {
    const cameFrom = new Map<string, string>();
    for (const queue = [start]; queue.length > 0 && !cameFrom.has(start); ) {
      const at = queue.shift() as string;
      for (const to of next.get(at) ?? []) {
        if (cameFrom.has(to)) continue;
        cameFrom.set(to, at);
        queue.push(to);
      }
    }
    if (!cameFrom.has(start)) continue;
    const way = [start];
    do way.unshift(cameFrom.get(way[0] as string) as string);
    while (way[0] !== start);
    const files = [...new Set(way)].sort().join(' ');
    if (!found.has(files)) found.set(files, way.join(' → '));
  }
  return [...found.values()];
}

function filesWith(pattern: RegExp, ...places: RegExp[]): string[] {
  return [...sources]
    .filter(([path, source]) => places.some((place) => place.test(path)) && pattern.test(withoutComments(source)))
    .map(([path]) => path);
}

describe('the layout', () => {
  it('has no import that is not permitted', () => {
    expect(imports.length).toBeGreaterThan(50);
    expect(strays(imports)).toEqual([]);
  });

  it('permits no import that does not occur', () => {
    const unused = Object.entries(arrows).flatMap(([place, targets]) =>
      targets
        .filter((target) => target !== 'src/')
        .filter((target) => !imports.some(({ from, to }) => placeOf(from) === place && follows(target, to)))
        .map((target) => `${place} → ${target}`),
    );
    expect(unused).toEqual([]);
    const idle = Object.entries(packages).flatMap(([name, places]) =>
      places
        .filter((place) => !imports.some(({ from, to }) => to === name && from.startsWith(place)))
        .map((place) => `${name} in ${place}`),
    );
    expect(idle).toEqual([]);
  });

  it('has no import cycle between folders', () => {
    expect(rings(imports)).toEqual([]);
  });

  it('has no import cycle between files, not even of types', () => {
    expect(circles(imports)).toEqual([]);
  });

  it('has tables of limits that import only the protocol', () => {
    const found = imports.filter(({ from, to }) => limitTable.test(from) && !/^src\/protocol\/(?:client-|wire-)?limit/.test(to));
    expect(found.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('imports only existing files', () => {
    const missing = imports.filter(({ to }) => ours.test(to) && !to.startsWith('test/') && !sources.has(to) && !isDataFile(to));
    expect(missing.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('gives only existing files to threads, processes and reads', () => {
    const relative = /new URL\(\s*'(\.[^']+\.(?:[mc]?[jt]s|lua|c|md|json))',\s*import\.meta\.url/g;
    const all = [...sources, ...readSources('test', 'scripts')];
    const named = all.flatMap(([from, source]) => {
      return [...withoutComments(source).matchAll(relative)].map(([, to = '']) => ({ from, to }));
    });
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter(({ from, to }) => !existsSync(join(root, dirname(from), to)));
    expect(missing.map(({ from, to }) => `${from} names ${to}`)).toEqual([]);
  });

  it('reads the environment only in main.ts', () => {
    expect(filesWith(/process\s*\.\s*env\b|process\[|\benv\b[^;]*from 'node:process'/, /^(?:src|client|demo)\//)).toEqual([
      'src/main.ts',
    ]);
  });

  it('loads neither schemas nor Node modules in a browser', () => {
    const entries = [...sources.keys()].filter((path) => path === 'client/lib/index.ts' || /^client\/browser\//.test(path));
    const ways = reachableFrom(entries, imports);
    const wrong = [...ways].filter(([path]) => path === 'zod' || path.startsWith('node:') || path === 'src/protocol/schemas.ts');
    expect(wrong.map(([, way]) => way.join(' → '))).toEqual([]);
  });

  it('has no clock and no randomness in the rules, the protocol and the timeline', () => {
    const impure = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\brandom(?:UUID|Bytes)\b/;
    const pure = [/^src\/newsroom\//, /^src\/markdown\//, /^src\/protocol\//, /^client\/lib\/timeline\//];
    expect(filesWith(impure, ...pure)).toEqual([]);
    // The wait for the engine has a timeout.
    expect(
      filesWith(/\bset(?:Timeout|Interval|Immediate)\b/, ...pure).filter((path) => path !== 'src/newsroom/write-answers.ts'),
    ).toEqual([]);
  });

  it('imports only packages that package.json names', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      string,
      object
    >;
    const named = new Set([...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})]);
    const foreign = imports.filter(({ to }) => !to.startsWith('node:') && !ours.test(to) && !named.has(to));
    expect(foreign.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });
});

describe('the check of the layout', () => {
  const check = (files: Record<string, string>) => importsOf(new Map(Object.entries(files)));

  it('finds every form of import', () => {
    const found = check({
      'src/a/b.ts': [
        "import x from 'zod';",
        "import type { A } from './a.ts';",
        "import { type B, c } from '../c.ts';",
        "import type D, { E } from 'd';",
        "import {\n  f,\n  g as h,\n} from '@scope/f/deep';",
        "import * as i from 'node:fs';",
        "import 'side';",
        "export * from './j.ts';",
        "export type { K } from './k.ts';",
        "const l = await import('./l.ts');",
        "// import m from 'commented';",
        "/* import n from 'commented'; */",
        "const o = 'text'; // from 'commented'",
      ].join('\n'),
    });
    expect(found.map(({ to, typeOnly }) => (typeOnly ? `type ${to}` : to))).toEqual([
      'zod',
      'type src/a/a.ts',
      'src/c.ts',
      'type d',
      '@scope/f',
      'node:fs',
      'side',
      'src/a/j.ts',
      'type src/a/k.ts',
      'src/a/l.ts',
    ]);
  });

  it.each([
    ['src/api/a.ts', '../web/w.ts'],
    ['src/api/a.ts', '../journal/sqlite/index.ts'],
    ['src/api/a.ts', '../journal/hash-chain.ts'],
    ['src/newsroom/d.ts', '../journal/sqlite/index.ts'],
    ['src/newsroom/d.ts', 'express'],
    ['src/streams/f.ts', '../journal/hash-chain.ts'],
    ['src/protocol/p.ts', '../journal/engine.ts'],
    ['src/protocol/p.ts', 'express'],
    ['src/journal/engine.ts', './sqlite/index.ts'],
    ['src/journal/engine.ts', 'node:sqlite'],
    ['src/journal/redis/r.ts', '../sqlite/index.ts'],
    ['src/http/e.ts', '../telemetry/log.ts'],
    ['src/web/r.ts', '../../client/lib/reader-client.ts'],
    ['src/elsewhere/x.ts', '../protocol/model.ts'],
    ['client/lib/c.ts', '../../src/server.ts'],
    ['client/lib/c.ts', 'zod'],
    ['client/browser/w.ts', '../../src/http/e.ts'],
    ['src/server.ts', '../client/lib/index.ts'],
    ['src/server.ts', 'left-pad'],
  ])('finds that %s imports %s', (from, to) => {
    expect(strays(check({ [from]: `import '${to}';` }))).toHaveLength(1);
  });

  it.each([
    ['src/api/a.ts', '../journal/engine.ts'],
    ['src/newsroom/d.ts', '../journal/hash-chain.ts'],
    ['src/journal/sqlite/e.ts', '../engine.ts'],
    ['src/journal/sqlite/e.ts', 'node:sqlite'],
    ['src/web/pages/p.ts', '../../../client/browser/view/post/post.ts'],
    ['src/server.ts', './journal/sqlite/index.ts'],
    ['client/cli/serve.ts', '../../src/serve.ts'],
  ])('permits %s to import %s', (from, to) => {
    expect(strays(check({ [from]: `import '${to}';` }))).toEqual([]);
  });

  it('finds a cycle, even one of types only', () => {
    const ring = check({
      'src/newsroom/d.ts': "import type { A } from '../journal/engine.ts';",
      'src/journal/e.ts': "import '../protocol/p.ts';",
      'src/protocol/p.ts': "import type { B } from '../newsroom/d.ts';",
    });
    expect(rings(ring)).toContain('src/newsroom/ → src/journal/ → src/protocol/ → src/newsroom/');
  });

  it('finds a cycle of files in one folder, even one of types only', () => {
    const circle = check({
      'src/http/a.ts': "import type { B } from './b.ts';\nimport './d.ts';",
      'src/http/b.ts': "import './c.ts';",
      'src/http/c.ts': "import type { A } from './a.ts';",
      'src/http/d.ts': "import './c.ts';",
    });
    expect(circles(circle)).toEqual([
      'src/http/a.ts → src/http/b.ts → src/http/c.ts → src/http/a.ts',
      'src/http/d.ts → src/http/c.ts → src/http/a.ts → src/http/d.ts',
    ]);
    expect(
      circles(check({ 'src/http/a.ts': "import './b.ts';\nimport './c.ts';", 'src/http/b.ts': "import './c.ts';" })),
    ).toEqual([]);
  });

  it('follows what a browser loads, without types', () => {
    const graph = check({
      'client/lib/index.ts': "import { a } from './a.ts'; \nimport type { S } from '../../src/protocol/schemas.ts';",
      'client/lib/a.ts': "import { type T, u } from '../../src/protocol/u.ts';",
      'src/protocol/u.ts': "import { z } from 'zod';",
    });
    const ways = reachableFrom(['client/lib/index.ts'], graph);
    expect(ways.get('zod')).toEqual(['client/lib/index.ts', 'client/lib/a.ts', 'src/protocol/u.ts', 'zod']);
    expect(ways.has('src/protocol/schemas.ts')).toBe(false);
  });
});
