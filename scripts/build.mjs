// Builds what browsers load and the JavaScript of the package. Runs at install (`prepare`), with whatever Node npm has, so it is plain
// JavaScript.
import { fileURLToPath } from 'node:url';

const neededMajor = 18;
const major = Number(process.version.slice(1).split('.')[0]);
if (major < neededMajor) {
  console.error(
    `Building Pressbox needs Node.js ${neededMajor} or later; this is ${process.version}. Install a newer Node.js, then run npm ci again.`,
  );
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const esbuild = await import('esbuild').catch(() => undefined);
if (esbuild === undefined) {
  // An install without development dependencies: what was built before stays.
  console.warn('build: esbuild is not installed, so what is built is left as it is.');
} else {
  const { buildPages } = await import('./build-pages.mjs');
  const { buildPackage } = await import('./build-package.mjs');
  await buildPages(esbuild, root);
  await buildPackage(esbuild, root);
}
