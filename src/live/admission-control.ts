import type { RequestHandler } from 'express';
import { type Share, Shares } from '../http/fair-shares.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { liveLimits } from './live-limits.ts';
import { sendRetry } from './sse-retry.ts';

/**
 * Limits the readers that are being admitted at the same time, on all transports together. A socket counts from its handshake until it has
 * joined, a stream until it begins, a poll until it is answered or held. Readers beyond the limit are told to retry after a random time,
 * before anything is looked up for them, so that a crowd that reconnects at once is admitted in portions and delays nobody else. One address
 * may hold as many places as are still free, so that a client that never joins cannot keep others out.
 */
export class AdmissionControl {
  readonly #underWay = new Map<object, Share<PendingReader>>();
  readonly #shares = new Shares<PendingReader>({
    most: liveLimits.handshakesMost,
    drop: ({ of, end }) => {
      this.#underWay.delete(of);
      this.#metrics.rejections.inc({ kind: 'share' });
      end();
    },
  });
  readonly #random: () => number;
  readonly #metrics: Pick<Metrics, 'rejections'>;

  constructor({ random, metrics }: { random: () => number; metrics: Pick<Metrics, 'rejections'> }) {
    this.#random = random;
    this.#metrics = metrics;
  }

  /** Throws `rate-limited` if the limit is reached. */
  requireRoom(): void {
    const backMs = this.retryDelayMs();
    if (backMs === undefined) return;
    throw new Refusal('rate-limited', {
      detail: 'Too many readers come at this moment.',
      retryAfter: Math.round(backMs / 1_000),
    });
  }

  /** Milliseconds until a retry if the limit is reached, for transports that do not send a problem. Undefined if there is room. */
  retryDelayMs(): number | undefined {
    if (this.#underWay.size < liveLimits.handshakesMost) return undefined;
    this.#metrics.rejections.inc({ kind: 'handshakes' });
    return 1_000 * (1 + this.#random() * (liveLimits.handshakeRetrySeconds - 1));
  }

  /** Counts `of` as being admitted. `end` closes its connection, and is called if its address holds too many places. */
  begin(of: object, address: string, end: () => void): void {
    if (this.#underWay.has(of)) return;
    const share = this.#shares.add({ of, end }, address);
    if (this.#shares.has(share)) this.#underWay.set(of, share);
  }

  /** Call it when `of` has been answered or has disconnected. Safe to call twice. */
  end(of: object): void {
    const share = this.#underWay.get(of);
    if (share === undefined) return;
    this.#underWay.delete(of);
    this.#shares.remove(share);
  }
}

interface PendingReader {
  of: object;
  end(): void;
}

/**
 * Admission control for polls and streams. Mount it before the credentials are checked. A place is held until the response ends at the
 * latest.
 *
 * A poll beyond the limit gets the problem, like a socket. A stream gets the retry that an EventSource understands (`sse-retry.ts`).
 */
export function admitReaders(admission: AdmissionControl): RequestHandler {
  function onClose(this: object): void {
    admission.end(this);
  }
  return (req, res, next) => {
    const [, way] = (req.method === 'GET' && asked.exec(req.path)) || [];
    if (way === undefined) return next();
    if (way === 'events') admission.requireRoom();
    const backMs = way === 'stream' ? admission.retryDelayMs() : undefined;
    if (backMs !== undefined) return sendRetry(res, backMs);
    admission.begin(res, req.ip ?? '', () => res.destroy());
    res.on('close', onClose);
    next();
  };
}

/** The paths of the two routes. A separate router would answer OPTIONS requests in their place. */
const asked = /^\/channels\/[^/]+\/(events|stream)\/?$/;
