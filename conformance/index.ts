import { randomBytes } from 'node:crypto';
import { RuleBroken } from './assertions.ts';
import type { Case } from './case.ts';
import { CaseContext } from './case-context.ts';
import { compressionCases } from './cases/compression.ts';
import { pollCases, socketCases, streamCases } from './cases/live.ts';
import { modelCases } from './cases/model.ts';
import { catchUpCases, readingCases } from './cases/reading.ts';
import { sessionCases } from './cases/sessions.ts';
import { withdrawalCases } from './cases/withdrawals.ts';
import { writeCases } from './cases/writes.ts';
import type { ExchangedMessage } from './exchange.ts';
import { ServerUnderTest } from './server-under-test.ts';

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

export interface ConformanceOptions {
  url: string;
  /** The token of an editor of `conformance-*`, or of an administrator, so that the channels can be deleted. */
  token: string;
  /** The address of an unused sign-in link, or its code. Without it, the case about links is skipped. */
  signInLink?: string;
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
  exchange: readonly ExchangedMessage[];
}

export interface Report {
  results: Result[];
  /** Channels that remain because the token may not delete them. */
  left: string[];
}

/** The number of cases that run at the same time. They spend most of their time waiting. */
const concurrentCases = 4;

/** Runs the cases and returns their results. Throws if the server cannot be tested at all. */
export async function runCases({
  url,
  token,
  signInLink,
  only,
  quick = false,
  signal,
  onResult,
}: ConformanceOptions): Promise<Report> {
  const server = new ServerUnderTest({ url, token, signal });
  const mayDelete = await canDelete(new CaseContext(server, newChannelId));
  const waiting = cases.filter(({ name }) => only === undefined || only.some((wanted) => matchesSelection(name, wanted)));
  const results = new Map<Case, Result>();
  const made: string[] = [];
  const next = async (queue: Case[]): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      signal.throwIfAborted();
      const context = new CaseContext(server, newChannelId, signInLink?.replace(/^.*#/s, ''));
      const result = await runCase(one, context, { quick, mayDelete, hasLink: signInLink !== undefined, signal });
      made.push(...context.createdChannels);
      results.set(one, result);
      onResult?.(result);
    }
  };
  const queue = [...waiting];
  await Promise.all(Array.from({ length: concurrentCases }, () => next(queue)));
  const cleaning = new CaseContext(server, newChannelId);
  if (mayDelete) for (const id of made) await cleaning.request(`/v1/channels/${id}`, { method: 'DELETE' });
  return { results: waiting.map((one) => results.get(one) as Result), left: mayDelete ? [] : made };
}

/** Whether `wanted` is the name of the case or its part. */
export function matchesSelection(name: string, wanted: string): boolean {
  return name === wanted || (wanted.endsWith('/') && name.startsWith(wanted));
}

/** The server refuses the token or does not answer. */
export class CannotTest extends Error {}

async function canDelete(context: CaseContext): Promise<boolean> {
  const id = context.newId();
  const made = await context.request('/v1/channels', { method: 'POST', body: { id, headline: 'Conformance' } });
  if (made.status !== 201) {
    const why = made.body?.title ?? `${made.headers.get('content-type') ?? 'without a content type'}, not a problem document`;
    throw new CannotTest(`The server does not let this token create a channel: ${made.status} ${why}`);
  }
  const deleted = await context.request(`/v1/channels/${id}`, { method: 'DELETE' });
  return deleted.status === 204 || deleted.status === 202;
}

interface CaseConditions {
  quick: boolean;
  mayDelete: boolean;
  hasLink: boolean;
  signal: AbortSignal;
}

async function runCase(one: Case, context: CaseContext, { quick, mayDelete, hasLink, signal }: CaseConditions): Promise<Result> {
  const started = performance.now();
  const resultOf = (outcome: Result['outcome'], why?: string): Result => ({
    name: one.name,
    rule: one.rule,
    outcome,
    ...(why !== undefined && { why }),
    tookMs: Math.round(performance.now() - started),
    exchange: context.exchange.messages,
  });
  if (one.slow && quick) return resultOf('skipped', 'The case waits for seconds.');
  if (one.admin && !mayDelete) return resultOf('skipped', 'The case requires a token that may delete channels (--admin).');
  if (one.link && !hasLink) return resultOf('skipped', 'The case requires an unused sign-in link (--sign-in-link).');
  try {
    await one.run(context);
    return resultOf('kept');
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RuleBroken) return resultOf('broken', error.message);
    return resultOf('broken', `The case could not continue: ${error instanceof Error ? error.message : error}`);
  }
}
