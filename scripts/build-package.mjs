// Makes the JavaScript of the package: Node strips no types below node_modules. One file for each of ours, in the same places, so that a
// trace tells where to look and a bundler leaves out what is not used. A checkout runs none of it but `pressbox/client`.
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { replace } from './replace.mjs';

/** What is started or imported by name. The rest is what these lead to. */
const clientEntry = 'client/lib/index.ts';
const entries = [
  'client/cli/main.ts',
  'src/server-package.ts',
  'src/main.ts',
  // Threads and processes are started by their file.
  'src/journal/sqlite/writer.ts',
  'src/journal/sqlite/reader.ts',
  'src/workers/worker.ts',
];
/** Read as files. */
const texts = 'src/journal/redis/lua';
/** Folders below dist/ that hold nothing but what is made here and in build-types.mjs. */
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
    for (const { path, contents } of outputFiles) await keep(relative(target, path), contents);
  }
  // For a page without a bundler: the client with all it needs.
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
    if (name.endsWith('.lua')) await keep(join(texts, name), await readFile(join(root, texts, name)));
  }
  for (const folder of folders) await tidy(folder);
  console.log(`build: ${made.size} files of the package → dist`);

  /** These files and every one that they lead to at run time. */
  async function filesOf(entryPoints) {
    const { metafile } = await esbuild.build({ ...common(entryPoints), metafile: true, outdir: target });
    // JSON becomes part of the file that imports it.
    return Object.keys(metafile.inputs).filter((path) => path.endsWith('.ts'));
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

  /** Removes what an earlier build made and this one did not; types are left to build-types.mjs. */
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

/** Leaves imports of our own files as they are, but for the ending. */
const eachByItself = {
  name: 'each-by-itself',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};
