import { type LimitTable, problem, valuesOf } from '../protocol/limit-table.ts';

/** How tokens are checked. */
export const tokenTable = {
  /** Node takes 16 KiB of headers in all. */
  tokenCharacters: {
    value: 12 * 1024,
    metric: problem('token-invalid'),
    atLimit: 'A longer token is 401 `token-invalid`, unread.',
  },
  clockSkewMs: {
    value: 60_000,
    metric: problem('token-invalid'),
    atLimit: 'A token whose `iat` or `nbf` is further in the future is 401 `token-invalid`.',
  },
  jwksTimeoutMs: {
    value: 5_000,
    metric: problem('token-invalid'),
    atLimit: "Where the issuer's keys take longer it is 401 `token-invalid`, with `retryAfter`.",
  },
  jwksRetrySeconds: { value: 5, metric: problem('token-invalid'), atLimit: 'That `retryAfter`.' },
  jwksKeptMs: { value: 600_000, metric: problem('token-invalid'), atLimit: "The issuer's keys are asked for again after it." },
  jwksPauseMs: {
    value: 30_000,
    metric: problem('token-invalid'),
    atLimit: 'A token with a key that the issuer did not name so lately is 401 `token-invalid`, with `retryAfter`.',
  },
  /** Sooner than a client asks again. */
  jwksFailurePauseMs: {
    value: 1_000,
    metric: problem('token-invalid'),
    atLimit: 'Until then a token that asks for its keys is 401 `token-invalid`, with `retryAfter`, and the issuer is left alone.',
  },
  /** An issuer's key that is withdrawn counts for this much longer than `jwksKeptMs`. */
  rememberedTokenMs: {
    value: 60_000,
    metric: problem('token-invalid'),
    atLimit: 'A token that was right so long ago is checked again.',
  },
  /** Some 500 bytes each. */
  rememberedTokens: { value: 10_000, metric: problem('token-invalid'), atLimit: 'Past it all are checked again.' },
} satisfies LimitTable;
export const tokenLimits = valuesOf(tokenTable);
