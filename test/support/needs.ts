import { describe, it } from 'vitest';
import { type Need, needs } from './machine.ts';

export { needs };

/** A suite that is given what it needs, or is one skipped test that says what is missing. */
export function describeWith<T>(need: Need<T>, name: string, suite: (found: T) => void): void {
  const found = need.find();
  if (found !== undefined) describe(name, () => suite(found));
  else it(name, ({ skip }) => skip(`${name}: ${need.advice}`));
}
