// Builds the JavaScript of the package, because Node.js does not strip types below node_modules. Each source file becomes one
// file in the same place, so that stack traces match and bundlers can drop unused modules. A checkout uses only `pressbox/client`
// of it.
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { replace } from './replace.mjs';

/** Files that are started or imported by name. Other files are included if these import them. */
const clientEntry = 'client/lib/index.ts';
const entries = [
  'client/cli/main.ts',
  'src/server-package.ts',
  'src/main.ts',
  // These are started as threads and processes by their file name.
  'src/journal/sqlite/writer.ts',
  'src/journal/sqlite/reader.ts',
  'src/workers/worker.ts',
  'src/media/render-process.ts',
];
/** Read as files at run time. */
const texts = 'src/journal/redis/lua';
/** Folders below dist/ that contain only output of this script and of build-types.mjs. */
const folders = ['client', 'conformance', 'demo', 'src'];
const targets = { client: 'es2022', node: 'node24' };

export async function buildPackage(esbuild, root) {
  const target = join(root, 'dist');
  const made = new Set();
  const keep = async (path, contents) => {
    made.add(path);
    await replace(join(target, path), contents);
  };

  const forClients = await filesOf([clientEntry]);
  const others = (await filesOf(entries)).filter((path) => !forClients.includes(path));
  for (const [entryPoints, platform] of [
    [forClients, targets.client],
    [others, targets.node],
  ]) {
    const { outputFiles } = await esbuild.build({
      ...common(entryPoints),
      target: platform,
      outbase: root,
      outdir: target,
      plugins: [eachByItself],
    });
    for (const { path, text } of outputFiles) await keep(relative(target, path), await withoutComments(text, platform));
  }
  // For a page without a bundler: the client with its dependencies.
  const { outputFiles } = await esbuild.build({
    ...common([clientEntry]),
    packages: 'bundle',
    platform: 'browser',
    target: targets.client,
    minify: true,
    legalComments: 'eof',
    outdir: target,
  });
  await keep(join('client', 'bundle.js'), outputFiles[0].contents);
  for (const name of await readdir(join(root, texts))) {
    if (!name.endsWith('.lua')) continue;
    const text = await readFile(join(root, texts, name), 'utf8');
    await keep(join(texts, name), text.replace(/^\s*--.*\n/gm, ''));
  }
  for (const folder of folders) await tidy(folder);
  console.log(`build: ${made.size} files of the package → dist`);

  /** These files and every file that they import at run time. */
  async function filesOf(entryPoints) {
    const { metafile } = await esbuild.build({ ...common(entryPoints), metafile: true, outdir: target });
    // JSON is inlined into the file that imports it.
    return Object.keys(metafile.inputs).filter((path) => path.endsWith('.ts'));
  }

  /**
   * Removes the comments, which remain in the source, as those of the scripts for Redis do. esbuild keeps comments on class members unless the code is first printed
   * without whitespace.
   */
  async function withoutComments(text, target) {
    const { code } = await esbuild.transform(text, { target, minifyWhitespace: true });
    return (await esbuild.transform(code, { target })).code;
  }

  function common(entryPoints) {
    return {
      absWorkingDir: root,
      entryPoints,
      bundle: true,
      packages: 'external',
      platform: 'neutral',
      format: 'esm',
      write: false,
      logLevel: 'warning',
    };
  }

  /** Removes files of an earlier build that this build did not write. build-types.mjs takes care of the types. */
  async function tidy(folder) {
    const path = join(target, folder);
    if (!existsSync(path)) return;
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const inner = join(folder, entry.name);
      if (entry.isDirectory()) await tidy(inner);
      else if (!made.has(inner) && !/^\.|\.d\.ts$/.test(entry.name)) await rm(join(target, inner), { force: true });
    }
  }
}

/** Keeps imports between source files, with `.js` in place of `.ts`. */
const eachByItself = {
  name: 'each-by-itself',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};
