import { describe, expect, it } from 'vitest';
import type { CredentialStatus } from '../../../src/access/identity.ts';
import { Requester } from '../../../src/access/requester.ts';
import { Refusal } from '../../../src/protocol/problems.ts';

const grants = { reader: ['*'], author: [], editor: [], admin: false };
const holding = (standing: CredentialStatus) =>
  new Requester({ sub: 'ada', name: 'Ada', jti: 'a', expiresAt: 0, grants }, () => standing);

describe('a reader whom a channel is closed to', () => {
  it.each([
    ['good', 'forbidden'],
    ['expired', 'expired'],
    ['revoked', 'revoked'],
    ['signed-out', 'revoked'],
  ] as const)('is told of a token that is %s that it is %s: with another one there may be more to be had', (standing, reason) => {
    expect(holding(standing).endedReasonFor('forbidden')).toBe(reason);
  });

  it('is to ask again where nobody knows at the moment who it is', () => {
    const unjudged = { refusal: new Refusal('token-invalid', { retryAfter: 5 }), verifyAgain: async () => undefined };
    expect(new Requester(unjudged, () => 'good').endedReasonFor('forbidden')).toBe('slow');
  });
});

it('is told why else a subscription ended, whatever became of the token', () => {
  for (const reason of ['slow', 'history', 'gone'] as const) expect(holding('expired').endedReasonFor(reason)).toBe(reason);
});
