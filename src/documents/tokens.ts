import type { Operation } from './operation.ts';

/** Who is known to the server, and for how long. */

export const tokenOperations: readonly Operation[] = [
  {
    id: 'revokeToken',
    group: 'Tokens',
    method: 'post',
    path: '/v1/tokens/revoked',
    summary: 'Revoke a token',
    description:
      'Every server refuses the token from now on, and within 5 seconds has ended the sockets and streams that it opened. Sent again it is the same revocation.',
    who: 'admin',
    takes: ['Idempotency-Key'],
    body: { schema: 'Revocation' },
    answers: [{ status: 200, description: 'It is on disk.', schema: 'RevocationAnswer' }],
    problems: ['revocations-full'],
  },
];
