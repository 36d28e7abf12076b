// Builds the browser files and the JavaScript of the package. Runs at install (`prepare`) with the Node.js that runs npm, so this
// script is plain JavaScript.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const neededMajor = 18;
const major = Number(process.version.slice(1).split('.')[0]);
if (major < neededMajor) {
  console.error(
    `Building Pressbox needs Node.js ${neededMajor} or later. This is ${process.version}. Install a newer Node.js, then run npm ci again.`,
  );
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const esbuild = await import('esbuild').catch(() => undefined);
if (process.env.npm_command === 'exec' && existsSync(join(root, 'dist', 'web'))) {
  // The first `npx pressbox` in a checkout runs `prepare` again, which `npm ci` has already run.
} else if (esbuild === undefined) {
  // An install without development dependencies keeps the earlier build.
  console.warn('build: esbuild is not installed, so nothing was built.');
} else {
  const { buildPages } = await import('./build-pages.mjs');
  const { buildPackage } = await import('./build-package.mjs');
  await buildPages(esbuild, root);
  await buildPackage(esbuild, root);
}
