import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { httpLimits } from '../../../src/http/http-limits.ts';
import { boundPreferences } from '../../../src/http/request-headers.ts';

it('ignores a preference header only if it is longer than preferenceCharacters', () => {
  const ofLength = (length: number) => 'de,'.repeat(length).slice(0, length);
  const passedOver = vi.fn();
  const bound = boundPreferences(passedOver);
  const remaining = (headers: Record<string, string>) => {
    const request = Object.assign(new IncomingMessage(new Socket()), { headers });
    bound(request as never, undefined as never, () => undefined);
    return Object.keys(request.headers);
  };
  const longest = ofLength(httpLimits.preferenceCharacters);
  const tooLong = ofLength(httpLimits.preferenceCharacters + 1);
  expect(remaining({ accept: longest, 'accept-language': longest })).toEqual(['accept', 'accept-language']);
  expect(passedOver).not.toHaveBeenCalled();
  const headers = { 'accept-language': tooLong, 'accept-encoding': tooLong, accept: tooLong, cookie: tooLong };
  expect(remaining(headers)).toEqual(['cookie']);
  expect(passedOver).toHaveBeenCalledTimes(3);
});
