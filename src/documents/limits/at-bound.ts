import type { limitsOf } from '../../limits.ts';
import type { ProblemCode } from '../../protocol/problems.ts';

/** What happens at a limit, and where it is seen. */
export interface AtBound {
  what: string;
  /** The series of `/metrics` that shows that it happens, as Prometheus selects it. */
  metric: string;
}

/** Of every limit of a part: one without a sentence does not compile. */
export type AtBounds<Part extends keyof typeof limitsOf> = { readonly [Name in keyof (typeof limitsOf)[Part]]: AtBound };

export const problem = (code: ProblemCode) => `pressbox_problems_total{code="${code}"}`;
export const closed = (kind: string) => `pressbox_rate_limited_total{kind="${kind}"}`;
export const ended = (reason: string) => `pressbox_subscriptions_ended_total{reason="${reason}"}`;
export const workerEnds = (how: string) => `pressbox_worker_ends_total{how="${how}"}`;
export const fed = 'pressbox_feed_pages_total{format="atom"}';
export const reachable = 'pressbox_store_reachable';
export const writable = 'pressbox_store_writable';
export const clockJumps = 'pressbox_clock_jumps_total{direction="back"}';
export const erasing = 'pressbox_erasures_pending';
export const cutInLog = 'pressbox_log_cuts_total';

export const refusedField: AtBound = {
  what: 'More is 400 `invalid-body`, which names the field.',
  metric: problem('invalid-body'),
};
