import { totalmem } from 'node:os';
import { expect, it } from 'vitest';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { memoryLimit } from '../../../src/telemetry/process-metrics.ts';

it('the memory that a server may use is the limit of its control group, or the memory of the machine', () => {
  const [machine, container] = [16 * 2 ** 30, 2 * 2 ** 30];
  expect(memoryLimit(container, machine)).toBe(container);
  expect(memoryLimit(2 ** 64, machine)).toBe(machine);
  expect(memoryLimit(0, machine)).toBe(machine);
});

it('a server exports the memory that it may use', async () => {
  const found = (await createMetrics().report()).find(({ name }) => name === 'pressbox_memory_limit_bytes');
  const value = found?.values[0]?.value ?? 0;
  expect(value).toBeGreaterThan(0);
  expect(value).toBeLessThanOrEqual(totalmem());
});
