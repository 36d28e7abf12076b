import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { expect, vi } from 'vitest';
import type { ServerOptions } from '../../../src/server.ts';
import { needs } from '../runner/needs.ts';

/**
 * How readers reach the servers of tests: at the root of a port, below a base path, behind nginx, or attached to a server of Express.
 * The projects `behind nginx` and `in Express` of the nightly run have existing tests below a path.
 */
export type FrontName = 'none' | 'nginx' | 'express';

export interface Front extends AsyncDisposable {
  /** Settings of the server. */
  readonly env: Record<string, string>;
  readonly options: ServerOptions;
  /** The address that readers use. */
  urlOf(server: { url: string }): string;
}

export interface FrontOptions {
  name: FrontName;
  basePath: string;
  /** The port of the server. Express listens on it in its place. */
  port: number;
  /** The port of nginx. */
  proxyPort: number;
}

/** The base path of servers that do not choose one. */
export function testedBasePath(): string {
  return process.env.PRESSBOX_TEST_BASE_PATH ?? '';
}

/** Whether servers that do not choose a front are attached to one of Express, which stays when they are closed. */
export function isAttached(): boolean {
  return process.env.PRESSBOX_TEST_FRONT === 'express';
}

let belowPath = 0;

/** How many servers of this worker were started below a base path. */
export function serversBelowPath(): number {
  return belowPath;
}

/** Settings of a server below this path. */
export function settingsBelow(basePath: string): Record<string, string> {
  if (basePath === '') return {};
  belowPath += 1;
  return { PRESSBOX_BASE_PATH: basePath };
}

export async function openFront({ name, basePath, port, proxyPort }: FrontOptions): Promise<Front> {
  const env = settingsBelow(basePath);
  switch (name) {
    case 'none':
      return { env, options: {}, urlOf: ({ url }) => url, [Symbol.asyncDispose]: async () => undefined };
    case 'nginx': {
      const end = await startNginx(basePath, { port, proxyPort });
      const origin = `http://127.0.0.1:${proxyPort}`;
      return {
        env: { ...env, PRESSBOX_PUBLIC_URL: origin, PRESSBOX_TRUST_PROXY: 'loopback' },
        options: {},
        urlOf: () => origin + basePath,
        [Symbol.asyncDispose]: end,
      };
    }
    case 'express': {
      const app = express();
      app.get('/', (_request, response) => void response.send('The Harbour Post'));
      const http = createServer(app);
      await once(http.listen(port, '127.0.0.1'), 'listening');
      return {
        env,
        options: { attachTo: http },
        urlOf: ({ url }) => url,
        async [Symbol.asyncDispose]() {
          http.closeAllConnections();
          await once(http.close(), 'close');
        },
      };
    }
  }
}

/** Passes the base path on to the server, and answers everything else itself. Returns a function that ends it. */
async function startNginx(
  basePath: string,
  { port, proxyPort }: { port: number; proxyPort: number },
): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-nginx-'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(folder, name)};`);
  await writeFile(
    join(folder, 'nginx.conf'),
    // As root, the workers could otherwise not write large bodies into the folder. The last header is for nginx itself, which
    // removes it unless it is told not to, and the conformance suite looks for it.
    `daemon off; ${process.getuid?.() === 0 ? 'user root; ' : ''}worker_processes 1; pid ${join(folder, 'pid')}; error_log stderr error;
events { worker_connections 512; }
http {
  access_log off; ${paths.join(' ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${proxyPort};
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_pass_header X-Accel-Buffering;
    location / { return 200 'The Harbour Post'; }
    location ${basePath}/ { proxy_pass http://127.0.0.1:${port}; }
  }
}
`,
  );
  const binary = needs.nginx.find();
  if (binary === undefined) throw new Error(`nginx is missing: ${needs.nginx.advice}.`);
  const child = spawn(binary, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'exit');
  await vi.waitFor(() => fetch(`http://127.0.0.1:${proxyPort}/`).catch(() => expect.fail(said)), { interval: 50 });
  return async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
}
