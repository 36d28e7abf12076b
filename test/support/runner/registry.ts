import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Site, startSite } from '../servers/site.ts';
import { root } from './imports.ts';

/**
 * A registry for npm on the loopback that serves what `npm ci` installed, in the versions of the lock file. With it npm installs
 * the packed tarball like a user's npm, without network and without npm's cache.
 */
export async function startRegistry(): Promise<Site> {
  const packages = installedPackages();
  const site = await startSite((request, response) => {
    const [, name = '', version] = /^\/([^@]+|@[^@]+)(?:@([^/]+)\.tar)?$/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    const versions = packages.get(name);
    const folder = version === undefined ? undefined : versions?.get(version);
    if (folder !== undefined) pack(folder).pipe(response);
    else if (versions === undefined || version !== undefined) response.writeHead(404).end('{"error":"not installed here"}');
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(documentOf(site.url, name, versions)));
  });
  return site;
}

/** Name → version → folder. */
function installedPackages(): Map<string, Map<string, string>> {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const found = new Map<string, Map<string, string>>();
  for (const [path, { version }] of Object.entries(packages)) {
    const name = path.split('node_modules/').at(-1) ?? '';
    const folder = join(root, path);
    if (name === '' || !existsSync(join(folder, 'package.json'))) continue;
    found.set(name, (found.get(name) ?? new Map()).set(version, folder));
  }
  return found;
}

function documentOf(url: string, name: string, versions: Map<string, string>) {
  const all = [...versions].map(([version, folder]) => {
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object;
    return [version, { ...about, dist: { tarball: `${url}/${name}@${version}.tar` } }] as const;
  });
  return { name, 'dist-tags': { latest: all[0]?.[0] }, versions: Object.fromEntries(all) };
}

function pack(folder: string) {
  return spawn('tar', ['-c', '--exclude=./node_modules', '-C', folder, '.'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
}
