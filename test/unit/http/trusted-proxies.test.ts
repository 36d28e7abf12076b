import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import express, { type Request } from 'express';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { httpLimits } from '../../../src/http/http-limits.ts';
import { trustProxies } from '../../../src/http/trusted-proxies.ts';

it.each([false, true, 0, 1, 2, 'loopback', '10.0.0.0/8, ::1', '203.0.113.7', 'uniquelocal, 2001:db8::/32'])(
  'finds the address and protocol of a client like Express if %j is trusted, whatever the earlier requests',
  (trustProxy) => {
    const ours = express();
    trustProxies(ours, trustProxy);
    const plain = express();
    plain.set('trust proxy', trustProxy);

    const address = fc.constantFrom(
      '127.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:10.1.2.3',
      '10.1.2.3',
      '203.0.113.7',
      '2001:db8::1',
      'x',
    );
    const asked = fc.record({
      from: fc.option(address, { nil: undefined }),
      forwardedFor: fc.option(
        fc.array(address, { maxLength: 4 }).map((all) => all.join(', ')),
        { nil: undefined },
      ),
      forwardedProto: fc.constantFrom(undefined, '', 'https', 'http', 'https, http', ' https ', 'HTTPS', 'ws'),
    });
    fc.assert(
      fc.property(fc.array(asked, { minLength: 1, maxLength: 8 }), (asks) => {
        for (const { from, forwardedFor, forwardedProto } of asks) {
          const headers = {
            ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
            ...(forwardedProto !== undefined && { 'x-forwarded-proto': forwardedProto }),
          };
          const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: from });
          const [mine, theirs] = [ours, plain].map((app) => {
            const request = new IncomingMessage(socket);
            Object.assign(request.headers, headers);
            const { ip, protocol, secure } = Object.setPrototypeOf(request, app.request) as Request;
            return { ip, protocol, secure };
          });
          expect(mine).toEqual(theirs);
        }
      }),
    );
  },
);

it.each<[what: string, forwardedFor: string, ip: string]>([
  ['the address that the nearest proxy names', `${'::1, '.repeat(4_000)}203.0.113.7, 10.1.2.3`, '203.0.113.7'],
  ['the first of the last few addresses if all are trusted', `203.0.113.7, ${'::1, '.repeat(4_000)}10.1.2.3`, '::1'],
  ['the proxy if its header is not a list', `${'x'.repeat(16_000)}`, '10.0.0.1'],
])('takes %s for the client, and checks few addresses', (_what, forwardedFor, ip) => {
  const looked: string[] = [];
  const app = express();
  trustProxies(app, true);
  app.set('trust proxy', (address: string) => {
    looked.push(address);
    return /^(?:10\.|::1$)/.test(address);
  });
  const request = new IncomingMessage(Object.defineProperty(new Socket(), 'remoteAddress', { value: '10.0.0.1' }));
  request.headers['x-forwarded-for'] = forwardedFor;
  expect((Object.setPrototypeOf(request, app.request) as Request).ip).toBe(ip);
  expect(looked.length).toBeLessThan(200);
});

it('reads a header of forwardedCharacters whole, and of a longer one only that much of its end', () => {
  const ipOf = (forwardedFor: string) => {
    const app = express();
    trustProxies(app, true);
    const request = new IncomingMessage(Object.defineProperty(new Socket(), 'remoteAddress', { value: '10.0.0.1' }));
    request.headers['x-forwarded-for'] = forwardedFor;
    return (Object.setPrototypeOf(request, app.request) as Request).ip;
  };
  const ofLength = (length: number) => {
    const addresses = `203.0.113.7,${'10.1.2.3,'.repeat(length)}`;
    return `${addresses.slice(0, length - 8)}10.1.2.3`;
  };
  const longest = ofLength(httpLimits.forwardedCharacters);
  expect([longest.length, ipOf(longest)]).toEqual([httpLimits.forwardedCharacters, '203.0.113.7']);
  expect(ipOf(`${longest}0`)).not.toBe('203.0.113.7');
});
