import { extname } from 'node:path';
import { type Site, startSite } from './site.ts';

/** Another site that embeds the element, on its own origin and with the strictest policy under which the element works. */
export interface HostSite extends Site {
  /** Serves `body` at `path` from now on. */
  put(path: string, body: string, options?: { policy?: string; head?: string; lang?: string }): string;
}

/** The policy in docs/guides/embedding.md for a server at `url`. */
export function strictPolicy(server: string): string {
  // A path without a slash at its end would match that address only.
  const url = new URL(server).origin;
  return [
    "default-src 'none'",
    `script-src ${url}`,
    `connect-src ${url} ${url.replace(/^http/, 'ws')}`,
    'img-src https:',
    'media-src https:',
    "require-trusted-types-for 'script'",
    'trusted-types pressbox',
  ].join('; ');
}

const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css' };

export async function startHostSite(): Promise<HostSite> {
  const pages = new Map<string, { html: string; policy: string | undefined; type: string }>();
  const site = await startSite((request, response) => {
    const page = pages.get(request.url ?? '');
    response.setHeader('Content-Type', page?.type ?? 'text/plain');
    if (page?.policy !== undefined) response.setHeader('Content-Security-Policy', page.policy);
    response.statusCode = page !== undefined ? 200 : request.url === '/favicon.ico' ? 204 : 404;
    response.end(page?.html ?? 'Not here.');
  });
  return {
    ...site,
    put(path, body, { policy, head = '', lang = 'en' } = {}) {
      const html = types[extname(path)]
        ? body
        : `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>The Harbour Post</title><meta name="viewport" content="width=device-width, initial-scale=1">${head}</head><body>${body}</body></html>`;
      pages.set(path, { html, policy, type: types[extname(path)] ?? 'text/html; charset=utf-8' });
      return site.url + path;
    },
  };
}
