import type { Config } from '../config.ts';
import type { Report } from '../telemetry/metrics.ts';

/** What the primary and its workers say to each other. */
export type ToWorker =
  /** Begin. The port is not 0, and where a secret was made it stands in the configuration. */
  | { type: 'start'; worker: number; config: Config }
  /** Say what you have counted. */
  | { type: 'report' }
  /** What all have counted, in Prometheus' text format. */
  | { type: 'metrics'; text: string }
  /** Of one that has ended, as others know it. */
  | { type: 'gone'; nodeId: string }
  /** Take no more connections, and go on with those that are open. */
  | { type: 'retire' }
  /** Retire, let the readers leave, and end. */
  | { type: 'leave' }
  /** The whole server goes away. */
  | { type: 'end' };

export type FromWorker =
  | { type: 'serves'; nodeId: string | undefined }
  /** It is there. From when it serves until it ends, again and again: whose loop is blocked says nothing. */
  | { type: 'sign' }
  /** It cannot start, for this reason, and ends. */
  | { type: 'refused'; reason: string }
  /** It was asked to leave by somebody else, and does. */
  | { type: 'leaving' }
  /** Asked for, and once more at the end. */
  | { type: 'report'; report: Report }
  /** Say what all have counted. */
  | { type: 'scrape' };
