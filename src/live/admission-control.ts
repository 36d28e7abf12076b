import type { RequestHandler } from 'express';
import { type Share, Shares } from '../http/fair-shares.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { liveLimits } from './live-limits.ts';
import { sendRetry } from './sse-retry.ts';

/**
 * Limits the readers that are being admitted at the same time, on all transports together. A socket counts from its handshake
 * until it has joined, a stream until it begins, a poll until it is answered or held. Readers beyond the limit are told to retry
 * after a random time, before anything is looked up for them. So a crowd that reconnects at once is admitted in portions, and
 * does not delay others. One address may hold as many places as are still free, so that a client that never joins cannot keep
 * others out.
 */
export class AdmissionControl {
  readonly #underWay = new Map<object, Share<PendingReader>>();
  readonly #shares = new Shares<PendingReader>({
    most: liveLimits.handshakesMost,
    drop: ({ reader, end }) => {
      this.#underWay.delete(reader);
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
    const delayMs = this.retryDelayMs();
    if (delayMs === undefined) return;
    throw new Refusal('rate-limited', {
      detail: 'Too many readers are connecting at the moment.',
      retryAfter: Math.round(delayMs / 1_000),
    });
  }

  /** Milliseconds until a retry if the limit is reached, for transports that do not send a problem. Undefined if there is room. */
  retryDelayMs(): number | undefined {
    if (this.#underWay.size < liveLimits.handshakesMost) return undefined;
    this.#metrics.rejections.inc({ kind: 'handshakes' });
    return 1_000 * (1 + this.#random() * (liveLimits.handshakeRetrySeconds - 1));
  }

  /** Counts `reader` as being admitted. `end` closes its connection, and is called if its address holds too many places. */
  begin(reader: object, address: string, end: () => void): void {
    if (this.#underWay.has(reader)) return;
    const share = this.#shares.add({ reader, end }, address);
    if (this.#shares.has(share)) this.#underWay.set(reader, share);
  }

  /** Call it when `reader` has been answered or has disconnected. Safe to call twice. */
  end(reader: object): void {
    const share = this.#underWay.get(reader);
    if (share === undefined) return;
    this.#underWay.delete(reader);
    this.#shares.remove(share);
  }
}

interface PendingReader {
  reader: object;
  end(): void;
}

/**
 * Admission control for polls and streams. Mount it before the credentials are checked. A reader counts until `end` is called for
 * its response, or the response closes.
 *
 * A poll beyond the limit gets the problem, like a socket. A stream gets the retry that an EventSource understands
 * (`sse-retry.ts`).
 */
export function admitReaders(admission: AdmissionControl): RequestHandler {
  function onClose(this: object): void {
    admission.end(this);
  }
  return (req, res, next) => {
    const [, route] = (req.method === 'GET' && livePath.exec(req.path)) || [];
    if (route === undefined) return next();
    if (route === 'events') admission.requireRoom();
    const delayMs = route === 'stream' ? admission.retryDelayMs() : undefined;
    if (delayMs !== undefined) return sendRetry(res, delayMs);
    admission.begin(res, req.ip ?? '', () => res.destroy());
    res.on('close', onClose);
    next();
  };
}

/** The paths of the two routes. A separate router would answer OPTIONS requests in place of the routes. */
const livePath = /^\/channels\/[^/]+\/(events|stream)\/?$/;
