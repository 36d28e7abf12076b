import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import express, { type Request } from 'express';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { believeProxies } from '../../src/edge/proxies.ts';

it.each([false, true, 0, 1, 2, 'loopback', '10.0.0.0/8, ::1', '203.0.113.7', 'uniquelocal, 2001:db8::/32'])(
  'tells who asks, and how, as Express does where %j is trusted, whoever asked before',
  (trustProxy) => {
    const ours = express();
    believeProxies(ours, trustProxy);
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
