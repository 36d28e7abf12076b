import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../conformance/client-rules.ts';
import { play } from '../../support/readers/rules-runner.ts';

const path = new URL('../../../conformance/client-rules.json', import.meta.url);
const scenarios = JSON.parse(readFileSync(path, 'utf8')) as Scenario[];

describe('the recorded rules for clients', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) => play(scenario));

  it('end with what a client must hold or request', () => {
    for (const { name, steps } of scenarios) {
      const last = steps.at(-1) as object;
      expect('holds' in last || 'mustAsk' in last, name).toBe(true);
    }
  });

  it('are broken by a client that applies every event', () => {
    const wrong = structuredClone(scenarios.find(({ name }) => name === 'events/doubled')) as Scenario;
    const doubled = wrong.steps.find((step) => 'event' in step && step.does === 'ignore') as { does: string };
    doubled.does = 'apply';
    expect(() => play(wrong)).toThrow(/ignore/);
  });
});
