import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** What a browser loads of the client library. */
const globals = {
  dom: ['window', 'document', 'navigator', 'location', 'localStorage', 'sessionStorage', 'HTMLElement', 'EventSource'],
  node: ['process', 'Buffer', 'global', '__dirname', 'require', 'setImmediate'],
};

async function bundle(options: { packages: 'bundle' | 'external' }) {
  const all = [...globals.dom, ...globals.node];
  return await build({
    entryPoints: ['client/lib/index.ts'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
    minify: options.packages === 'external',
    // Replaces only global names, not fields called window.
    define: options.packages === 'external' ? Object.fromEntries(all.map((name) => [name, `free_${name}`])) : {},
    packages: options.packages,
    logLevel: 'silent',
  });
}

describe('the client library in a browser', () => {
  it('contains no schemas, and only the client and the plain part of the protocol', async () => {
    const { metafile } = await bundle({ packages: 'bundle' });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((path) => /node_modules\/(?:zod|jose|ws|commander)\//.test(path))).toEqual([]);
    const ours = inputs.filter((path) => !path.includes('node_modules/'));
    expect(
      ours.filter(
        (path) =>
          !/^client\/lib\/(?:timeline\/|transports\/)?[a-z-]+\.ts$|^src\/protocol\/(?:embeds\/(?:frames|post-addresses)|model|post-fields|gap-algorithm|cursor|client-limits|problems|rights)\.ts$/.test(
            path,
          ),
      ),
    ).toEqual([]);
    expect(ours).toContain('client/lib/timeline/timeline.ts');
  });

  it('uses no page global and no Node module', async () => {
    const { outputFiles } = await bundle({ packages: 'external' });
    const code = outputFiles[0]?.text ?? '';
    expect(code).toContain('socket.io-client');
    expect(code.match(/free_\w+/g) ?? []).toEqual([]);
  });
});
