import { describe, expect, it } from 'vitest';
import type { CredentialStatus } from '../../../src/access/identity.ts';
import { Requester } from '../../../src/access/requester.ts';
import { Refusal } from '../../../src/protocol/problems.ts';

const grants = { reader: ['*'], author: [], editor: [], admin: false };
const holding = (standing: CredentialStatus) =>
  new Requester({ sub: 'ada', name: 'Ada', jti: 'a', expiresAt: 0, grants }, () => standing);

describe('a subscription to a channel that is closed to its reader', () => {
  it.each([
    ['good', 'forbidden'],
    ['expired', 'expired'],
    ['revoked', 'revoked'],
    ['signed-out', 'revoked'],
  ] as const)('ends for a token that is %s with the reason %s, because another token may give access', (standing, reason) => {
    expect(holding(standing).endedReasonFor('forbidden')).toBe(reason);
  });

  it('ends with the reason slow, after which a client retries, while the credentials cannot be verified', () => {
    const unjudged = { refusal: new Refusal('token-invalid', { retryAfter: 5 }), verifyAgain: async () => undefined };
    expect(new Requester(unjudged, () => 'good').endedReasonFor('forbidden')).toBe('slow');
  });
});

it('a subscription that ends for any other reason keeps that reason, whatever the status of the token', () => {
  for (const reason of ['slow', 'history', 'gone'] as const) expect(holding('expired').endedReasonFor(reason)).toBe(reason);
});
