import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enterBasePath, isBelow } from '../../../src/http/base-path.ts';

const segment = fc.stringMatching(/^[\w.~%-]{1,8}$/);
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const basePath = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
const query = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 12 }).map((text) => `?${text.replaceAll(/\s/g, '')}`),
);
/** What probes and scrapers ask at the root of the port. */
const rootPath = fc.constantFrom('/healthz', '/readyz', '/metrics', '/.well-known/security.txt');

function enter(url: string, base: string): IncomingMessage {
  const entered = { url } as IncomingMessage;
  enterBasePath(entered, base);
  return entered;
}

describe('a request below a base path', () => {
  it('is routed like the same request to a server at the root of its host', () => {
    fc.assert(
      fc.property(basePath, path, query, (base, own, asked) => {
        const atRoot = enter(own + asked, '').url;
        const below = { url: atRoot, baseUrl: base, originalUrl: base + own + asked };
        expect(enter(base + own + asked, base)).toEqual(below);
        // The base path itself is the page at its root.
        expect(enter(base + asked, base).url).toBe(`/${asked}`);
      }),
    );
  });

  it('matches no route outside of it, unless it is one of the process itself, with any query', () => {
    fc.assert(
      fc.property(basePath, fc.oneof(path, rootPath), query, (base, own, asked) => {
        fc.pre(!isBelow(base, own));
        const isOfProcess = ['/healthz', '/readyz', '/metrics', '/.well-known/security.txt'].includes(own);
        expect(enter(own + asked, base).url).toBe(isOfProcess ? own + asked : '/%');
      }),
    );
  });

  it('is not what only begins with the same letters', () => {
    fc.assert(
      fc.property(basePath, segment, (base, more) => {
        expect(enter(base + more, base).url).toBe('/%');
      }),
    );
  });
});
