import { describe } from 'vitest';
import type { Engine, Renderer } from '../../src/journal/engine.ts';
import { activityLists } from './cases/activity-lists.ts';
import { counting } from './cases/counting.ts';
import { deletingAndErasing } from './cases/erasing.ts';
import { listening } from './cases/listening.ts';
import { mediaAddresses } from './cases/media-addresses.ts';
import { moving } from './cases/moving.ts';
import { pages } from './cases/pages.ts';
import { catchingUp } from './cases/reading.ts';
import { requests } from './cases/requests.ts';
import { revoking } from './cases/revoking.ts';
import { tellingOfTheServer } from './cases/server-journal.ts';
import { sessions } from './cases/sessions.ts';
import { writing } from './cases/writing.ts';

/**
 * The contract tests of an engine: a case for each sentence of `src/journal/engine.ts`. The whole test file of an engine is
 * `describeEngine('redis', openRedis)`.
 */
export interface Examined {
  /** The open engine. */
  readonly engine: Engine;
  /** Closes the engine and opens it again on the same store, optionally with another renderer. */
  reopen(options?: { renderer?: Renderer }): Promise<Engine>;
  /** Closes the engine and removes its store. Must be safe to call twice. */
  close(): Promise<void>;
}

/** `now` is the system clock, `elapsed` a monotonic one. Both in milliseconds. */
export type OpenEngine = (options?: { now?: () => number; elapsed?: () => number }) => Promise<Examined>;

export interface Exam {
  open: OpenEngine;
  /** Whether other processes may write to the store, so that `maybe-missed` can be announced at any moment. */
  isShared: boolean;
}

/** The parts of the contract, by the title of their suite. */
const parts = {
  writing,
  requests,
  'catching up and snapshots': catchingUp,
  counts: counting,
  pages,
  'lists of channels by activity': activityLists,
  'addresses of uploaded media': mediaAddresses,
  'export and import': moving,
  erasing: deletingAndErasing,
  listening,
  "the server's own journal": tellingOfTheServer,
  'revoking tokens': revoking,
  sessions,
} satisfies Record<string, (exam: Exam) => void>;
export type ContractPart = keyof typeof parts;

/** `only`: parts to test. By default all. */
export function describeEngine(
  name: string,
  open: OpenEngine,
  { isShared = false, only }: { isShared?: boolean; only?: readonly ContractPart[] | undefined } = {},
): void {
  describe(`${name} engine`, () => {
    const exam: Exam = { open, isShared };
    for (const [title, part] of Object.entries(parts))
      if (only === undefined || only.includes(title as ContractPart)) describe(title, () => part(exam));
  });
}
