import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../src/documents/operations.ts';
import { servedRoutes } from '../support/routes.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const publicUrl = 'https://live.example.org';
const elsewhere = 'https://news.example.org';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PRESSBOX_PUBLIC_URL: publicUrl, PRESSBOX_ORIGINS: elsewhere });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the documents', () => {
  it('describe every route that is served, and no other', async () => {
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort();
    expect(await servedRoutes(server.url)).toEqual(described);
  });

  it.each(['/openapi.json'])('can be had at %s, from pages elsewhere too, and need not be sent again', async (path) => {
    const answer = await fetch(`${server.url}${path}`, { headers: { origin: elsewhere } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(answer.headers.get('access-control-allow-origin')).toBe(elsewhere);
    expect(JSON.stringify(await answer.json())).toContain(publicUrl);
    const etag = answer.headers.get('etag') ?? '';
    const again = await fetch(`${server.url}${path}`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });
});
