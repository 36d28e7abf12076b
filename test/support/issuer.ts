import { type Site, startSite } from './site.ts';

/** Whoever issues tokens for a server: a site that gives the keys to check them with. `keysAt`: what a JWK set holds, by its path. */
export function startIssuer(keysAt: (path: string) => readonly object[]): Promise<Site> {
  return startSite(({ url = '' }, response) =>
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: keysAt(url) })),
  );
}
