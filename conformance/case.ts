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
  /** Takes seconds, because the protocol names a time. Skipped in a quick run. */
  slow?: true;
  /** Requires a token that may delete channels. */
  admin?: true;
  /** Requires an unused sign-in link, and uses it up. */
  link?: true;
  run(context: CaseContext): Promise<void>;
}
