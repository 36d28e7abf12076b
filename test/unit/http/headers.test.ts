import type { Express, RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { sendJson } from '../../../src/http/answers.ts';
import {
  apiHeaders,
  assetHeaders,
  brandHeaders,
  deskHeaders,
  pageHeaders,
  reportViolationsTo,
} from '../../../src/http/headers.ts';
import { cors } from '../../../src/http/origins.ts';
import { serve } from '../../support/servers/tokens.ts';

describe('pages of other origins', () => {
  const page = 'https://www.example.org';
  const routes = (app: Express) => app.get('/x', (_request, response) => sendJson(response, { a: 1 }, { cache: 'private' }));

  it('that are allowed can read the answers and the documented headers', async () => {
    const { url } = await serve(routes, [cors([page])]);
    const response = await fetch(`${url}/x`, { headers: { Origin: page } });
    expect(response.headers.get('access-control-allow-origin')).toBe(page);
    expect(response.headers.get('access-control-expose-headers')?.split(', ')).toEqual(
      'ETag Link Location Retry-After Idempotency-Replayed'.split(' '),
    );
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    expect(response.headers.get('vary')).toBe('Origin, Authorization, Cookie');
    const problem = await fetch(`${url}/nowhere`, { headers: { Origin: page } });
    expect(problem.headers.get('access-control-allow-origin')).toBe(page);
  });

  it('that are not allowed get no permission, and caches learn that the answer depends on the origin', async () => {
    const { url } = await serve(routes, [cors([page])]);
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, {}] as Record<string, string>[]) {
      const response = await fetch(`${url}/x`, { headers });
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('vary')).toContain('Origin');
    }
  });

  it('are all allowed by *', async () => {
    const { url } = await serve(routes, [cors('*')]);
    const response = await fetch(`${url}/x`, { headers: { Origin: 'null' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('get an answer to a preflight before any route runs, with the headers that they may send', async () => {
    const { url } = await serve(routes, [cors([page])]);
    const preflight = (Origin: string) =>
      fetch(`${url}/x`, { method: 'OPTIONS', headers: { Origin, 'Access-Control-Request-Method': 'GET' } });
    const allowed = await preflight(page);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-methods')).toBe('GET, HEAD');
    expect(allowed.headers.get('access-control-allow-headers')).toMatch(/Authorization, If-None-Match/);
    const refused = await preflight('https://evil.example');
    expect(refused.headers.get('access-control-allow-methods')).toBeNull();
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('security headers', () => {
  const headersOf = async (handler: RequestHandler) => {
    const { url } = await serve((app) => app.get('/', (_request, response) => response.end('x')), [handler]);
    return (await fetch(url)).headers;
  };
  const policyOf = (headers: Headers) => headers.get('content-security-policy') ?? '';

  it('work on plain HTTP: none requires HTTPS', async () => {
    for (const handler of [apiHeaders(), pageHeaders(), assetHeaders()]) {
      const headers = await headersOf(handler);
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(policyOf(headers)).not.toContain('upgrade-insecure-requests');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  it('allow no scripts and no framing on the API', async () => {
    const headers = await headersOf(apiHeaders());
    expect(policyOf(headers)).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  it('allow scripts of the server itself on pages, and pictures and videos from the web', async () => {
    const headers = await headersOf(pageHeaders());
    const policy = policyOf(headers);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("img-src 'self' https: data:");
    expect(policy).toContain("media-src 'self' https:");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("require-trusted-types-for 'script';trusted-types pressbox");
    expect([policy.includes('report'), headers.get('reporting-endpoints')]).toEqual([false, null]);
    expect(policy).toContain("frame-ancestors 'self'");
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
  });

  it('allow scripts of the named origins, which may connect to them and show frames of them', async () => {
    const policy = policyOf(await headersOf(pageHeaders({ sources: ['https://stats.example.org'] })));
    for (const directive of ['script-src', 'connect-src']) {
      expect(policy).toContain(`${directive} 'self' https://stats.example.org;`);
    }
    expect(policy).toContain('frame-src https://stats.example.org;');
    expect(policy).not.toMatch(/unsafe|trusted-types/);
  });

  it('allow frames of the hosts for embeds over HTTPS, and no scripts of theirs', async () => {
    const embedHosts = ['www.youtube-nocookie.com', 'mastodon.example'];
    const policy = policyOf(await headersOf(pageHeaders({ embedHosts })));
    expect(policy).toContain('frame-src https://www.youtube-nocookie.com https://mastodon.example;');
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("require-trusted-types-for 'script'");
    const both = policyOf(await headersOf(pageHeaders({ embedHosts, sources: ['https://stats.example.org'] })));
    expect(both).toContain('frame-src https://stats.example.org https://www.youtube-nocookie.com https://mastodon.example;');
    for (const handler of [pageHeaders(), deskHeaders()]) expect(policyOf(await headersOf(handler))).not.toContain('frame-src');
  });

  it('let only the three policies of the desk insert markup there, and no page frame it', async () => {
    const headers = await headersOf(deskHeaders());
    const policy = policyOf(headers);
    expect(policy).toContain("require-trusted-types-for 'script';trusted-types pressbox lit-html ProseMirrorClipboard");
    expect(policy).toContain("worker-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.match(/https:/g)).toHaveLength(2);
    expect(policy).toContain("img-src 'self' https: data: blob:;media-src 'self' https:");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  it('let nothing run or load in a file of the brand that is opened by itself', async () => {
    const headers = await headersOf(brandHeaders());
    expect(policyOf(headers)).toBe("default-src 'none';style-src 'unsafe-inline';sandbox");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('name the sites that may frame a page', async () => {
    const everyone = await headersOf(pageHeaders({ frameAncestors: '*' }));
    expect(policyOf(everyone)).toContain('frame-ancestors *');
    expect(everyone.get('x-frame-options')).toBeNull();
    const some = await headersOf(pageHeaders({ frameAncestors: ['https://www.example.org'] }));
    expect(policyOf(some)).toContain("frame-ancestors 'self' https://www.example.org");
    const nobody = await headersOf(pageHeaders({ frameAncestors: 'none' }));
    expect(policyOf(nobody)).toContain("frame-ancestors 'none'");
    expect(nobody.get('x-frame-options')).toBe('DENY');
  });

  it('name the configured address for violation reports on pages', async () => {
    const address = 'https://reports.example.org/csp';
    const to: RequestHandler = (_request, response, next) => {
      reportViolationsTo(response.app as Express, address);
      next();
    };
    const { url } = await serve((app) => app.get('/', (_request, response) => response.end('x')), [to, pageHeaders()]);
    const { headers } = await fetch(url);
    expect(policyOf(headers)).toMatch(/;report-uri https:\/\/reports\.example\.org\/csp;report-to breaches$/);
    expect(headers.get('reporting-endpoints')).toBe(`breaches="${address}"`);
  });

  it('allow pages of other origins to load assets', async () => {
    expect((await headersOf(assetHeaders())).get('cross-origin-resource-policy')).toBe('cross-origin');
  });
});
