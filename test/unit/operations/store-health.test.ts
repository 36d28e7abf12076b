import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { JournalRefused, JournalUnavailable } from '../../../src/journal/engine.ts';
import { type Health, watchStore } from '../../../src/telemetry/health.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function reasonFor(trouble: JournalUnavailable): Promise<string | undefined> {
  const health: Health = { phase: 'ready' };
  const unsafe = () => [{ setting: 'appendfsync', role: 'master', line: 'appendfsync always' } as const];
  const ready = () => Promise.reject(trouble);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const stop = watchStore(
    health,
    {
      ...{ engine: { ready }, unsafe, replicas: () => 0, otherSecrets: () => [], master: () => undefined },
      ...{ lost: () => ({ missing: 0, behind: 0 }), remembersInMemory: () => false },
    },
    { metrics: createMetrics(), log },
  );
  await vi.advanceTimersByTimeAsync(responseLimits.storeProbeMs);
  stop();
  return health.degraded?.reason;
}

it('a store that is refused because of its settings is told apart from one that is away while unsafe settings are allowed', async () => {
  const refusal = new JournalRefused('Redis may lose acknowledged writes.');
  expect(await reasonFor(new JournalUnavailable(refusal.message, 'unchanged', { cause: refusal }))).toBe(
    'The journal is not used, because settings of Redis are unsafe.',
  );
  expect(await reasonFor(new JournalUnavailable('Redis is unreachable.', 'unchanged'))).toBe('The journal cannot be reached.');
});
