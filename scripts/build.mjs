// Bundles what browsers load into dist/web/: hashed names, so that a file can be kept for ever, and a manifest that tells them.
// Runs at install (`prepare`), with whatever Node npm has, so it is plain JavaScript.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const neededMajor = 18;
const major = Number(process.version.slice(1).split('.')[0]);
if (major < neededMajor) {
  console.error(
    `Building Pressbox needs Node.js ${neededMajor} or later; this is ${process.version}. Install a newer Node.js, then run npm ci again.`,
  );
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'client', 'web');
const target = join(root, 'dist', 'web');
/** What a page can ask for by name, as far as it is there. */
const entries = ['live.ts', 'live.css', 'embed.ts', 'desk.ts', 'desk.css'];

const esbuild = await import('esbuild').catch(() => undefined);
if (esbuild === undefined) {
  // An install without development dependencies: what was built before stays.
  console.warn('build: esbuild is not installed, so the scripts of the pages are left as they are.');
} else {
  await build();
}

async function build() {
  const entryPoints = entries.map((name) => join(source, name)).filter(existsSync);
  const { outputFiles } = await esbuild.build({
    entryPoints,
    outdir: target,
    entryNames: '[name]',
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    // The licences of what is bundled ask to be kept.
    legalComments: 'eof',
    logLevel: 'warning',
  });

  await mkdir(target, { recursive: true });
  const manifest = {};
  for (const { path, contents } of outputFiles) {
    const name = basename(path);
    const hash = createHash('sha256').update(contents).digest('base64url').slice(0, 12);
    const extension = extname(name);
    manifest[name] = `${basename(name, extension)}.${hash}${extension}`;
    await replace(manifest[name], contents);
  }
  // Last, so that it never names a file that is not there; what it no longer names goes after it.
  await replace('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
  const kept = new Set(['manifest.json', ...Object.values(manifest)]);
  for (const name of await readdir(target)) if (!kept.has(name)) await rm(join(target, name), { recursive: true });
  const names = Object.keys(manifest);
  console.log(names.length === 0 ? 'build: nothing to bundle yet' : `build: ${names.join(', ')} → dist/web`);
}

async function replace(name, contents) {
  const draft = join(target, `.${name}.${process.pid}`);
  await writeFile(draft, contents);
  await rename(draft, join(target, name));
}
