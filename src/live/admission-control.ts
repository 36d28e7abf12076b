import type { RequestHandler } from 'express';
import { type Share, Shares } from '../http/fair-shares.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { liveLimits } from './live-limits.ts';
import { sendRetry } from './sse-retry.ts';

/**
 * Readers who have come and not been answered yet: over a socket from the handshake until it has joined, over a stream until that begins,
 * over a poll until it is answered or held. So many at a time are let in, whatever they come over. The others are told to come back, each at
 * another moment, before anything is looked up for them: a crowd that returns at once is taken in portions, and nobody else waits for it.
 * One address may have as many under way as are still free, so that nobody is kept out by one that never joins.
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

  /** Throws `rate-limited` where there are as many as there may be. */
  requireRoom(): void {
    const backMs = this.retryDelayMs();
    if (backMs === undefined) return;
    throw new Refusal('rate-limited', {
      detail: 'Too many readers come at this moment.',
      retryAfter: Math.round(backMs / 1_000),
    });
  }

  /** There likewise, for who is told in another way: milliseconds until it may come back. */
  retryDelayMs(): number | undefined {
    if (this.#underWay.size < liveLimits.handshakesMost) return undefined;
    this.#metrics.rejections.inc({ kind: 'handshakes' });
    return 1_000 * (1 + this.#random() * (liveLimits.handshakeRetrySeconds - 1));
  }

  /** `end` closes its connection, where its address has too many under way. */
  begin(of: object, address: string, end: () => void): void {
    if (this.#underWay.has(of)) return;
    const share = this.#shares.add({ of, end }, address);
    if (this.#shares.has(share)) this.#underWay.set(of, share);
  }

  /** It has been answered, or has gone. Again does nothing. */
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
 * For those who ask over HTTP; mount it before who they are is looked up. A handshake is that of the response, and ends with it at the latest.
 *
 * A poll is refused with the problem, as a socket is. A stream is answered as an EventSource is told of it (`come-back.ts`), whoever
 * asks for it.
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

/** As their routes have it. A router of its own would answer OPTIONS in their place. */
const asked = /^\/channels\/[^/]+\/(events|stream)\/?$/;
