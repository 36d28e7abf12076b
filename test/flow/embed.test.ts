import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

/** What the element may weigh, compressed with gzip: less than one picture of a post. */
const mostBytes = 40_000;

describe('/embed.js', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const get = (headers: Record<string, string> = {}) => fetch(`${server.url}/embed.js`, { headers });

  it('may be loaded as a module by any page, also by one that may not read channels', async () => {
    const answer = await get({ origin: 'https://stranger.example.org' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).toContain('pressbox-live');
  });

  it.each(['br', 'gzip', 'identity'])(
    'is asked for again each time, and sent again only where it changed (%s)',
    async (encoding) => {
      const first = await get({ 'accept-encoding': encoding });
      expect(first.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
      expect(first.headers.get('cache-control')).toBe('no-cache');
      expect(first.headers.get('vary')).toContain('Accept-Encoding');
      const etag = first.headers.get('etag') ?? '';
      const again = await get({ 'accept-encoding': encoding, 'if-none-match': etag });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe('');
      // Bytes of one encoding are never taken for those of another.
      const other = await get({ 'accept-encoding': encoding === 'br' ? 'gzip' : 'br', 'if-none-match': etag });
      expect(other.status).toBe(200);
      expect(await other.text()).toBe(await first.text());
    },
  );

  it(`weighs less than ${mostBytes / 1_000} kB`, async () => {
    const script = await (await get()).text();
    expect(gzipSync(script, { level: 9 }).length).toBeLessThan(mostBytes);
  });

  it('runs no text as code and names nothing of the whole page', async () => {
    const script = await (await get()).text();
    expect(script).not.toMatch(/\beval\(|new Function\(|globalThis\.lit/);
  });
});
