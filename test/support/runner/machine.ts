import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Programs that some tests need beyond `npm ci`. If one is missing, its tests are skipped by name, with a sentence that says how
 * to get it. The summary of a run repeats that sentence, and `.ci/run` counts it as a failure. Imports nothing from vitest, so
 * that the configuration of vitest can use it.
 */
export interface Need<T> {
  /** Returns the path or similar, or undefined if the program is missing. */
  find(): T | undefined;
  /** How to get it. */
  advice: string;
}

export const needs = {
  chromium: {
    find: () => onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome'),
    advice: "install Debian's chromium",
  },
  firefox: {
    find: () => onPath('firefox-esr'),
    advice: "install Debian's firefox-esr",
  },
  /** A C compiler that can link against the C library. */
  compiler: {
    find: () => (isThere('/usr/include/stdio.h') ? (onPath('cc') ?? onPath('gcc')) : undefined),
    advice: "install Debian's gcc and libc6-dev",
  },
  curl: {
    find: () => onPath('curl'),
    advice: "install Debian's curl",
  },
  /** Programs that build an image without a daemon, and a base image. They need root. */
  containers: {
    find: () => {
      const [buildah, mmdebstrap] = [onPath('buildah'), onPath('mmdebstrap')];
      const isWhole = onPath('crun') !== undefined && isThere('/usr/lib/podman/netavark') && process.getuid?.() === 0;
      return isWhole && buildah !== undefined && mmdebstrap !== undefined ? { buildah, mmdebstrap } : undefined;
    },
    advice: "install Debian's buildah, netavark, crun and mmdebstrap, and run it as root",
  },
  /** Namespaces of processes and mounts, which some machines forbid. */
  namespaces: {
    find: () => {
      const tried = spawnSync('unshare', ['--mount', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
      return tried.status === 0 ? 'unshare' : undefined;
    },
    advice: 'allow namespaces and mounts, and run it as root',
  },
  python: {
    find: () => onPath('python3'),
    advice: "install Debian's python3",
  },
  /** Debian's own Python with its Socket.IO client. Another Python on the path does not find Debian's packages. */
  pythonSocketIo: {
    find: () =>
      ['socketio', 'websocket'].every((name) => isThere(`/usr/lib/python3/dist-packages/${name}/__init__.py`))
        ? '/usr/bin/python3'
        : undefined,
    advice: "install Debian's python3-socketio and python3-websocket",
  },
  redis: {
    find: () => onPath('redis-server'),
    advice: "install Debian's redis-server",
  },
  openssl: {
    find: () => onPath('openssl'),
    advice: "install Debian's openssl",
  },
  nginx: {
    find: () => onPath('nginx'),
    advice: "install Debian's nginx",
  },
  caddy: {
    find: () => onPath('caddy'),
    advice: "install Debian's caddy",
  },
  haproxy: {
    find: () => onPath('haproxy'),
    advice: "install Debian's haproxy",
  },
  kustomize: {
    find: () => onPath('kustomize'),
    advice: "install Debian's kustomize",
  },
  /** Reads compose files without a daemon. */
  compose: {
    find: () => onPath('docker-compose'),
    advice: "install Debian's docker-compose",
  },
  systemdAnalyze: {
    find: () => onPath('systemd-analyze'),
    advice: "install Debian's systemd",
  },
  promtool: {
    find: () => onPath('promtool'),
    advice: "install Debian's prometheus",
  },
  prometheus: {
    find: () => onPath('prometheus'),
    advice: "install Debian's prometheus",
  },
  valkey: {
    find: () => onPath('valkey-server'),
    advice: "install Debian's valkey-server",
  },
} as const satisfies Record<string, Need<unknown>>;

function onPath(command: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, command)).find(isRunnable);
}

function isRunnable(path: string): boolean {
  return may(path, constants.X_OK);
}

function isThere(path: string): boolean {
  return may(path, constants.R_OK);
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
