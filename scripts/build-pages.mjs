// Bundles what browsers load into dist/web/: hashed names, so that a file can be kept for ever, and a manifest that tells them.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { replace } from './replace.mjs';

/** What a page can ask for by name, as far as it is there. */
const entries = ['live.ts', 'live.css', 'embed.ts', 'desk.ts', 'desk.css', 'docs.css'];

export async function buildPages(esbuild, root) {
  const source = join(root, 'client', 'web');
  const target = join(root, 'dist', 'web');
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
    plugins: [webSocketOnly],
  });

  const manifest = {};
  for (const { path, contents } of outputFiles) {
    const name = basename(path);
    const hash = createHash('sha256').update(contents).digest('base64url').slice(0, 12);
    const extension = extname(name);
    manifest[name] = `${basename(name, extension)}.${hash}${extension}`;
    await replace(join(target, manifest[name]), contents);
  }
  // Last, so that it never names a file that is not there; what it no longer names goes after it.
  await replace(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const kept = new Set(['manifest.json', ...Object.values(manifest)]);
  for (const name of await readdir(target)) {
    if (!kept.has(name) && !name.startsWith('.')) await rm(join(target, name), { recursive: true, force: true });
  }
  const names = Object.keys(manifest);
  console.log(names.length === 0 ? 'build: nothing to bundle yet' : `build: ${names.join(', ')} → dist/web`);
}

/**
 * Of what comes with socket.io-client, the pages take what they use: the WebSocket, as the server has no other transport for it, and JSON,
 * as the wire has nothing else.
 */
const leftOut = {
  'engine.io-client/build/esm/transports/polling-xhr.js': 'export class XHR {}',
  'engine.io-client/build/esm/transports/webtransport.js': 'export class WT {}',
  'socket.io-parser/build/esm/is-binary.js': 'export const isBinary = () => false, hasBinary = isBinary;',
  'socket.io-parser/build/esm/binary.js':
    'export const deconstructPacket = (packet) => ({ packet, buffers: [] }), reconstructPacket = (packet) => packet;',
};

const webSocketOnly = {
  name: 'web-socket-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](?:engine\.io-client|socket\.io-parser)[\\/]/ }, ({ path }) => {
      const module = Object.keys(leftOut).find((name) => path.replaceAll('\\', '/').endsWith(name));
      return module && { contents: leftOut[module] };
    });
  },
};
