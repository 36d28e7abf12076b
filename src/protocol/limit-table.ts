import type { ProblemCode } from './problems.ts';

/**
 * A limit is defined once, in the table of the folder that enforces it. Its name ends in the unit, and is the label of
 * `pressbox_limit{name}`. The reference of limits is generated from these tables.
 */
export interface Limit {
  readonly value: number;
  /** The series of `/metrics` that shows that the limit is reached. */
  readonly metric: Series;
  /** What happens at the limit: a sentence of the docs. */
  readonly atLimit: string;
}

export type LimitTable = Readonly<Record<string, Limit>>;

type Series = `pressbox_${string}`;

/** The values alone, for the code that enforces them. */
export function valuesOf<Name extends string>(table: Readonly<Record<Name, Limit>>): Readonly<Record<Name, number>> {
  const values = Object.entries<Limit>(table).map(([name, { value }]) => [name, value]);
  return Object.fromEntries(values) as Record<Name, number>;
}

/** Formats a value with the unit that its name ends in. */
export function withUnit(name: string, value: number): string {
  if (/Bytes(PerSecond)?$/.test(name)) return `${bytes(value)}${name.endsWith('PerSecond') ? ' a second' : ''}`;
  if (name.endsWith('Ms')) return value >= 1_000 ? `${value / 1_000} s` : `${value} ms`;
  if (name.endsWith('Seconds')) return `${value} s`;
  if (name.endsWith('Hours')) return `${value} h`;
  if (name.endsWith('Characters')) return `${value.toLocaleString('en')} characters`;
  return value.toLocaleString('en');
}

function bytes(value: number): string {
  const [size, unit] = value % (1024 * 1024) === 0 ? [value / (1024 * 1024), 'MiB'] : [value / 1024, 'KiB'];
  return `${size.toLocaleString('en')} ${unit}`;
}

// Series that several limits share.
export const problem = (code: ProblemCode): Series => `pressbox_problems_total{code="${code}"}`;
export const rateLimited = (kind: string): Series => `pressbox_rate_limited_total{kind="${kind}"}`;
export const subscriptionsEnded = (reason: string): Series => `pressbox_subscriptions_ended_total{reason="${reason}"}`;
export const workerEnds = (how: string): Series => `pressbox_worker_ends_total{how="${how}"}`;
export const storeReachable: Series = 'pressbox_store_reachable';
export const erasuresPending: Series = 'pressbox_erasures_pending';
export const channelsDamaged: Series = 'pressbox_channels_damaged';
