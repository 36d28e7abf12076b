import type { Config } from '../config.ts';
import type { Report } from '../telemetry/metrics.ts';

/** Messages between the primary and its workers. */
export type ToWorker =
  /** Start. The port is not 0, and the configuration contains a generated secret. */
  | { type: 'start'; worker: number; config: Config }
  /** Send your metrics. */
  | { type: 'report' }
  /** The metrics of all workers, in Prometheus' text format. */
  | { type: 'metrics'; text: string }
  /** A node has ended. */
  | { type: 'gone'; nodeId: string }
  /** Accept no more connections, and keep the open ones. */
  | { type: 'retire' }
  /** Retire, let readers leave, and end. */
  | { type: 'leave' }
  /** The whole server shuts down. */
  | { type: 'end' };

export type FromWorker =
  | { type: 'serves'; nodeId: string | undefined }
  /** Heartbeat, sent regularly while the worker serves. A worker whose event loop is blocked sends none. */
  | { type: 'sign' }
  /** The worker cannot start for this reason, and ends. */
  | { type: 'refused'; reason: string }
  /** The worker got SIGTERM from somebody other than the primary, and leaves. */
  | { type: 'leaving' }
  /** Sent on request, and once more at the end. */
  | { type: 'report'; report: Report }
  /** Send the metrics of all workers. */
  | { type: 'scrape' };
