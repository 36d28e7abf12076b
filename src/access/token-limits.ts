import { type LimitTable, problem, valuesOf } from '../protocol/limit-table.ts';

/** How tokens are checked. */
export const tokenTable = {
  /** Node accepts 16 KiB of headers in total. */
  tokenCharacters: {
    value: 12 * 1024,
    metric: problem('token-invalid'),
    atLimit: 'A longer token is 401 `token-invalid`, without being decoded.',
  },
  /** Every secret costs a forged token one more verification. */
  secretsMost: {
    value: 5,
    metric: problem('token-invalid'),
    atLimit: 'A server whose `PRESSBOX_JWT_SECRET` has more secrets does not start.',
  },
  clockSkewMs: {
    value: 60_000,
    metric: problem('token-invalid'),
    atLimit: 'A token whose `iat` or `nbf` is further in the future is 401 `token-invalid`.',
  },
  jwksTimeoutMs: {
    value: 5_000,
    metric: problem('token-invalid'),
    atLimit: "If the issuer's keys take longer, the token is 401 `token-invalid`, with `retryAfter`.",
  },
  jwksRetrySeconds: {
    value: 5,
    metric: problem('token-invalid'),
    atLimit: "`retryAfter` if the issuer's keys cannot be loaded.",
  },
  jwksKeptMs: { value: 600_000, metric: problem('token-invalid'), atLimit: "The server loads the issuer's keys again." },
  jwksPauseMs: {
    value: 30_000,
    metric: problem('token-invalid'),
    atLimit: 'If the keys were loaded less than this ago, a token with an unknown key is 401 `token-invalid`, with `retryAfter`.',
  },
  /** Shorter than the time that clients wait before a retry. */
  jwksFailurePauseMs: {
    value: 1_000,
    metric: problem('token-invalid'),
    atLimit:
      'After a failure to load the keys, the server does not contact the issuer for this time. A token that needs the keys is 401 `token-invalid`, with `retryAfter`.',
  },
  /** A withdrawn key of the issuer is accepted for this much longer than `jwksKeptMs`. */
  rememberedTokenMs: {
    value: 60_000,
    metric: problem('token-invalid'),
    atLimit: 'A token that was verified this long ago is verified again.',
  },
  /** A token takes about 500 bytes. */
  rememberedTokens: {
    value: 10_000,
    metric: problem('token-invalid'),
    atLimit: 'The least recently used half of the cache is dropped, and those tokens are verified again.',
  },
} satisfies LimitTable;
export const tokenLimits = valuesOf(tokenTable);
