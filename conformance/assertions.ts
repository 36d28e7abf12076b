import { deepStrictEqual } from 'node:assert/strict';

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
