import { randomBytes } from 'node:crypto';
import { type Case, Departure } from './case.ts';
import { compressionCases } from './cases/compression.ts';
import { pollCases, socketCases, streamCases } from './cases/live.ts';
import { modelCases } from './cases/model.ts';
import { catchUpCases, readingCases } from './cases/reading.ts';
import { sessionCases } from './cases/sessions.ts';
import { withdrawalCases } from './cases/withdrawals.ts';
import { writeCases } from './cases/writes.ts';
import type { Said } from './exchange.ts';
import { ExaminedServer } from './server.ts';
import { Workplace } from './workplace.ts';

/**
 * Tests from outside whether a server follows the wire contract, using only its address and an editor's token. Every rule is a named case.
 * The cases work in their own channels, which are deleted afterwards if the token permits it.
 */
export const cases: readonly Case[] = [
  ...modelCases,
  ...writeCases,
  ...withdrawalCases,
  ...catchUpCases,
  ...readingCases,
  ...compressionCases,
  ...socketCases,
  ...streamCases,
  ...pollCases,
  ...sessionCases,
];

/** The id of a channel for a case. All begin with `conformance-`, so the token needs rights only for these. */
export function newChannelId(): string {
  return `conformance-${randomBytes(8).toString('hex')}`;
}

export interface Examination {
  url: string;
  /** The token of an editor of `conformance-*`, or of an administrator, so that the channels can be deleted. */
  token: string;
  /** Names of cases, or parts such as `sockets/`. Default: all cases. */
  only?: readonly string[];
  /** Skips the cases that wait for seconds. */
  quick?: boolean;
  signal: AbortSignal;
  onResult?(result: Result): void;
}

export interface Result {
  name: string;
  rule: string;
  outcome: 'kept' | 'broken' | 'skipped';
  /** The reason why the case failed or was skipped. */
  why?: string;
  tookMs: number;
  exchange: readonly Said[];
}

export interface Report {
  results: Result[];
  /** Channels that remain because the token may not delete them. */
  left: string[];
}

/** The number of cases that run at the same time. They spend most of their time waiting. */
const atOnce = 4;

/** Throws if the server cannot be tested at all. */
export async function examine({ url, token, only, quick = false, signal, onResult }: Examination): Promise<Report> {
  const server = new ExaminedServer({ url, token, signal });
  const mayDelete = await canDelete(new Workplace(server, newChannelId));
  const waiting = cases.filter(({ name }) => only === undefined || only.some((wanted) => isOf(name, wanted)));
  const results = new Map<Case, Result>();
  const made: string[] = [];
  const next = async (queue: Case[]): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      signal.throwIfAborted();
      const work = new Workplace(server, newChannelId);
      const result = await judge(one, work, { quick, mayDelete, signal });
      made.push(...work.made);
      results.set(one, result);
      onResult?.(result);
    }
  };
  const queue = [...waiting];
  await Promise.all(Array.from({ length: atOnce }, () => next(queue)));
  const cleaning = new Workplace(server, newChannelId);
  if (mayDelete) for (const id of made) await cleaning.ask(`/v1/channels/${id}`, { method: 'DELETE' });
  return { results: waiting.map((one) => results.get(one) as Result), left: mayDelete ? [] : made };
}

/** Whether `wanted` is the name of the case or its part. */
export function isOf(name: string, wanted: string): boolean {
  return name === wanted || (wanted.endsWith('/') && name.startsWith(wanted));
}

/** The server refuses the token or does not answer. */
export class CannotExamine extends Error {}

async function canDelete(work: Workplace): Promise<boolean> {
  const id = work.newId();
  const made = await work.ask('/v1/channels', { method: 'POST', body: { id, headline: 'Conformance' } });
  if (made.status !== 201) {
    const why = made.body?.title ?? `${made.headers.get('content-type') ?? 'without a content type'}, not a problem document`;
    throw new CannotExamine(`The server does not let this token create a channel: ${made.status} ${why}`);
  }
  const deleted = await work.ask(`/v1/channels/${id}`, { method: 'DELETE' });
  return deleted.status === 204 || deleted.status === 202;
}

interface Conditions {
  quick: boolean;
  mayDelete: boolean;
  signal: AbortSignal;
}

async function judge(one: Case, work: Workplace, { quick, mayDelete, signal }: Conditions): Promise<Result> {
  const started = performance.now();
  const told = (outcome: Result['outcome'], why?: string): Result => ({
    name: one.name,
    rule: one.rule,
    outcome,
    ...(why !== undefined && { why }),
    tookMs: Math.round(performance.now() - started),
    exchange: work.exchange.said,
  });
  if (one.slow && quick) return told('skipped', 'The case waits for seconds.');
  if (one.admin && !mayDelete) return told('skipped', 'The case requires a token that may delete channels (--admin).');
  try {
    await one.run(work);
    return told('kept');
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Departure) return told('broken', error.message);
    return told('broken', `The case could not continue: ${error instanceof Error ? error.message : error}`);
  }
}
