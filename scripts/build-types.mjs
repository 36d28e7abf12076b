// Builds the type declarations of `pressbox/client` and `pressbox/server`, and of the files that these import (`prepack`).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { replace } from './replace.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const entries = ['client/lib/index.ts', 'src/server-package.ts'];
const imported = /(\bfrom '|\bimport\(["'])(\.{1,2}\/[^"']+)\.ts(["'])/g;

const declared = await mkdtemp(join(tmpdir(), 'pressbox-types-'));
try {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', join(root, 'tsconfig.package.json'), '--outDir', declared]).catch(
    ({ stdout }) => {
      console.error(stdout);
      process.exit(1);
    },
  );
  const made = new Set();
  for (const waiting = [...entries]; waiting.length > 0; ) {
    const source = waiting.pop();
    const path = source.replace(/\.ts$/, '.d.ts');
    if (made.has(path)) continue;
    made.add(path);
    const text = await readFile(join(declared, path), 'utf8');
    for (const [, , to] of text.matchAll(imported)) waiting.push(posix.join(posix.dirname(source), `${to}.ts`));
    await replace(join(root, 'dist', path), text.replace(imported, '$1$2.js$3'));
  }
  for (const folder of ['client', 'src']) await tidy(folder, made);
  console.log(`build: types of ${made.size} files → dist`);
} finally {
  await rm(declared, { recursive: true, force: true });
}

/** Removes declarations of an earlier build that this build did not write. */
async function tidy(folder, made) {
  const path = join(root, 'dist', folder);
  if (!existsSync(path)) return;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inner = posix.join(folder, entry.name);
    if (entry.isDirectory()) await tidy(inner, made);
    else if (entry.name.endsWith('.d.ts') && !made.has(inner)) await rm(join(root, 'dist', inner));
  }
}
