import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Versions of all programs that are installed. */
export function versions(): Record<string, string> {
  const all: Record<string, string | undefined> = {
    Node: process.version,
    Redis: versionFrom('redis-server', ['--version'], /v=(\S+)/),
    'socket.io': packageVersion('socket.io'),
    '@socket.io/redis-adapter': packageVersion('@socket.io/redis-adapter'),
    '@socket.io/redis-emitter': packageVersion('@socket.io/redis-emitter'),
    '@socket.io/redis-streams-adapter': packageVersion('@socket.io/redis-streams-adapter'),
    nginx: versionFrom('nginx', ['-v'], /nginx\/(\S+)/),
    nchan: versionFrom('dpkg-query', ['-W', '-f', '$' + '{Version}', 'libnginx-mod-nchan'], /^(\S+)/),
    cc: versionFrom('cc', ['--version'], /^(.+)$/m),
    Pressbox: versionFrom('git', ['describe', '--always', '--dirty'], /^(\S+)/),
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function versionFrom(command: string, flags: readonly string[], found: RegExp): string | undefined {
  const { stdout, stderr, error, status } = spawnSync(command, flags, { encoding: 'utf8', cwd: import.meta.dirname });
  return error !== undefined || status !== 0 ? undefined : found.exec(`${stdout}${stderr}`)?.[1];
}

function packageVersion(name: string): string | undefined {
  try {
    const text = readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return undefined;
  }
}
