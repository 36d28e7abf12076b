import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOrigin, isOwnOrigin, mayConnect, type RequestOrigin } from '../../../src/http/origins.ts';

const host = 'live.example.org';
const list = ['https://www.example.org', 'http://localhost:8080'];

describe('a page may connect', () => {
  it.each([
    ['without an origin, because only browsers send one', undefined, host],
    ['from the server itself, by HTTPS', 'https://live.example.org', host],
    ['from the server itself, by HTTP', 'http://live.example.org', host],
    ['if the Host header names the default port', 'https://live.example.org', 'live.example.org:443'],
    ['if the Host header names the default port of HTTP', 'http://live.example.org', 'live.example.org:80'],
    ['if the Host header has capitals', 'https://live.example.org', 'Live.Example.ORG'],
    ['from the server itself on another port', 'http://127.0.0.1:4000', '127.0.0.1:4000'],
    ['with the WebSocket address of the server as the origin, from a client that is no browser', 'wss://live.example.org', host],
    ['with a WebSocket address with a port and without TLS as the origin', 'ws://127.0.0.1:4000', '127.0.0.1:4000'],
    ['from an IPv6 address', 'http://[::1]:4000', '[::1]:4000'],
    ['from a listed origin', 'https://www.example.org', host],
    ['from a listed origin with a port', 'http://localhost:8080', host],
  ])('%s', (_what, origin, host) => {
    expect(mayConnect({ origin, host }, list)).toBe(true);
  });
});

describe('a page may not connect', () => {
  it.each([
    ['from elsewhere', 'https://evil.example', host],
    ['from a name that begins with the name of the server', 'https://live.example.org.evil.example', host],
    ['from a name that ends with the name of the server', 'https://evil-live.example.org', host],
    ['from a name that ends with a listed one', 'https://evilwww.example.org', host],
    ['from the address of another server', 'wss://evil.example', host],
    ['from a listed name, by the scheme of sockets', 'wss://www.example.org', host],
    ['from a subdomain of a listed name', 'https://a.www.example.org', host],
    ['from a listed host by another scheme', 'http://www.example.org', host],
    ['from a listed host on another port', 'https://www.example.org:8443', host],
    ['from another port of this host', 'https://live.example.org:8443', host],
    ['by HTTP if the Host header names the port of HTTPS', 'http://live.example.org', 'live.example.org:443'],
    ['from a file or a sandboxed frame', 'null', host],
    ['with capitals in the origin', 'https://LIVE.example.org', host],
    ['with a capital scheme', 'HTTPS://live.example.org', host],
    ['with a default port in the origin', 'https://live.example.org:443', host],
    ['with a slash at the end', 'https://live.example.org/', host],
    ['with a path', 'https://live.example.org/live', host],
    ['with a user', 'https://live.example.org@evil.example', host],
    ['with two origins', 'https://live.example.org https://evil.example', host],
    ['with a dot at the end', 'https://live.example.org.', host],
    ['with a tab', 'https://live.example.org\t', host],
    ['with nothing', '', host],
    ['from an extension', 'chrome-extension://abcdef', host],
    ['if there is no Host header', 'https://live.example.org', undefined],
    ['if the Host header is no host', 'https://live.example.org', 'evil@live.example.org'],
    ['if the Host header has a path', 'https://live.example.org', 'live.example.org/x'],
    ['if the Host header has a bad port', 'https://live.example.org', 'live.example.org:99999'],
  ])('%s', (_what, origin, host) => {
    expect(mayConnect({ origin, host }, list)).toBe(false);
  });

  it('by HTTP to a server known to be reached by HTTPS', () => {
    expect(mayConnect({ origin: 'http://live.example.org', host, secure: true }, [])).toBe(false);
    expect(mayConnect({ origin: 'https://live.example.org', host, secure: true }, [])).toBe(true);
    // A proxy may add TLS, so this server cannot know.
    expect(mayConnect({ origin: 'https://live.example.org', host, secure: false }, [])).toBe(true);
  });
});

it('* allows every page, even files and sandboxed frames', () => {
  for (const origin of ['https://evil.example', 'null', 'capacitor://localhost'])
    expect(mayConnect({ origin, host }, '*')).toBe(true);
});

it('an earlier check does not change a later one', () => {
  const scheme = fc.constantFrom('http://', 'https://', 'ws://', 'HTTP://', '');
  const name = fc.constantFrom('a.example', 'A.example', 'b.example', '127.0.0.1', '127.1', '[::1]', '[0::1]', 'xn--a', '');
  const host = fc.tuple(name, fc.constantFrom('', '', ':80', ':443', ':8080', ':99999')).map((parts) => parts.join(''));
  const secure = fc.constantFrom(true, false, undefined);
  const asked = fc.record({
    origin: fc.tuple(scheme, host).map((parts) => parts.join('')),
    host: fc.option(host, { nil: undefined }),
    secure,
  });
  /** An origin that is the server's own, or differs in one part. */
  const alike = fc.tuple(scheme, host).chain(([scheme, host]) => {
    const own = { origin: scheme + host, host };
    return fc.array(
      fc.oneof(
        secure.map((secure) => ({ ...own, secure })),
        asked.map(({ origin }) => ({ ...own, origin })),
        asked.map(({ host }) => ({ ...own, host })),
        asked,
      ),
      { minLength: 2, maxLength: 12 },
    );
  });
  const answers = (one: RequestOrigin) => [mayConnect(one, list), mayConnect(one, []), isOwnOrigin(one)];
  const answersAlone = (one: RequestOrigin) => {
    // Replaces the cached result.
    expect(isOwnOrigin({ origin: 'http://other.example', host: 'other.example' })).toBe(true);
    return answers(one);
  };
  fc.assert(
    fc.property(alike, (asks) => {
      const alone = asks.map(answersAlone);
      expect(asks.map(answers)).toEqual(alone);
    }),
    { numRuns: 1_000 },
  );
});

it('an origin is distinguished from other texts', () => {
  for (const text of ['https://a.example', 'http://a.example:81', 'http://[::1]:4000', 'https://xn--bcher-kva.example']) {
    expect(isOrigin(text)).toBe(true);
  }
  for (const text of [
    'null',
    '*',
    'ws://a.example',
    'https://bücher.example',
    'https://a.example#x',
    'https:a.example',
    'https://',
  ]) {
    expect(isOrigin(text)).toBe(false);
  }
});
