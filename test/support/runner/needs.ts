import { describe, it } from 'vitest';
import { type Need, needs } from './machine.ts';

export { needs };

/** A suite that is given what it needs, or is one skipped test that says what is missing. */
export function describeWith<T>(need: Need<T>, name: string, suite: (found: T) => void): void {
  suiteWith(describe, need, name, suite);
}

/** The same, whose cases run side by side, and beside those of its neighbours that do so too. Each must open what it uses for itself. */
describeWith.concurrent = <T>(need: Need<T>, name: string, suite: (found: T) => void): void => {
  suiteWith(describe.concurrent, need, name, suite);
};

/**
 * Of programs of others that the docs speak of, and that the check of a fresh machine does not install: where one is not there, there is no suite,
 * since a skipped test counts as failed.
 */
describeWith.ifThere = <T>(need: Need<T>, name: string, suite: (found: T) => void): void => {
  if (need.find() !== undefined) describeWith(need, name, suite);
};

function suiteWith<T>(describes: typeof describe.concurrent, need: Need<T>, name: string, suite: (found: T) => void): void {
  const found = need.find();
  if (found !== undefined) describes(name, () => suite(found));
  else it(name, ({ skip }) => skip(`${name}: ${need.advice}`));
}
