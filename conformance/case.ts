import { deepStrictEqual } from 'node:assert/strict';
import type { Workplace } from './workplace.ts';

/**
 * One rule of the wire contract, and how a server shows that it keeps it. Cases know nothing of each other: each works in channels of its
 * own, so any of them can be run alone.
 */
export interface Case {
  /** Never changes, so that reports can be compared: `part/what-holds`. */
  name: string;
  /** What holds, as a sentence. */
  rule: string;
  /** Waits for seconds that the contract names; left out of a quick run. */
  slow?: true;
  /** Needs a token that may delete channels. */
  admin?: true;
  run(work: Workplace): Promise<void>;
}

/** The server does otherwise than the rule says. */
export class Departure extends Error {}

export function must(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Departure(sentence);
}

/** `what` is a noun: "the status of the answer". */
export function mustEqual(actual: unknown, expected: unknown, what: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch {
    throw new Departure(`${what} should be ${short(expected)}, and is ${short(actual)}.`);
  }
}

const longest = 300;

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
