import { defineConfig } from 'vitest/config';
import { keepCompiled } from './test/support/runner/compiled.ts';
import { LongFirst } from './test/support/runner/long-first.ts';
import { modes } from './test/support/runner/projects.ts';

keepCompiled();

export default defineConfig(({ mode }) => {
  const projects = Object.entries(modes).find(([name]) => name === mode)?.[1];
  if (projects === undefined) throw new Error(`There is no mode ${mode}. The modes are ${Object.keys(modes).join(', ')}.`);
  return {
    test: {
      sequence: { sequencer: LongFirst },
      reporters: ['default', './test/support/runner/summary-reporter.ts'],
      projects: Object.entries(projects).map(([name, test]) => ({ test: { name, ...test } })),
    },
  };
});
