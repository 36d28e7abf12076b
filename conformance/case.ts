import { deepStrictEqual } from 'node:assert/strict';
import type { CaseContext } from './case-context.ts';

/**
 * One rule of the wire contract, with the test that checks it. Cases are independent: each works in its own channels, so any of them can run
 * alone.
 */
export interface Case {
  /** `part/rule`. It never changes, so that reports can be compared. */
  name: string;
  /** The rule as a sentence. */
  rule: string;
  /** Takes seconds, because the contract defines a time. Skipped in a quick run. */
  slow?: true;
  /** Requires a token that may delete channels. */
  admin?: true;
  run(context: CaseContext): Promise<void>;
}

/** The server does not follow the rule. */
export class RuleBroken extends Error {}

export function must(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new RuleBroken(sentence);
}

/** `what` is a noun: "the status of the answer". */
export function mustEqual(actual: unknown, expected: unknown, what: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch {
    throw new RuleBroken(`${what} should be ${short(expected)} but is ${short(actual)}.`);
  }
}

const longest = 300;

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
