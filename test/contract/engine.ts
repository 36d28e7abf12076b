import { describe, type TestAPI, it as vitestIt } from 'vitest';
import type { Engine, Renderer } from '../../src/engine/engine.ts';
import { deletingAndErasing } from './cases/erasing.ts';
import { listening } from './cases/listening.ts';
import { moving } from './cases/moving.ts';
import { pages } from './cases/pages.ts';
import { catchingUp } from './cases/reading.ts';
import { requests } from './cases/requests.ts';
import { revoking } from './cases/revoking.ts';
import { writing } from './cases/writing.ts';

/**
 * The exam of an engine: a case for each sentence of `src/engine/engine.ts`. The whole test file of an engine is
 * `describeEngine('redis', openRedis)`; what an engine does otherwise is a skip with its reason.
 */
export interface Examined {
  /** The engine that is open now. */
  readonly engine: Engine;
  /** Closes the engine and opens it again on the same store, with another renderer where one is given. */
  reopen(options?: { renderer?: Renderer }): Promise<Engine>;
  /** Closes it and takes its store away. Must stand a second call. */
  close(): Promise<void>;
}

export type OpenEngine = (options?: { now?: () => number }) => Promise<Examined>;

export interface Exam {
  open: OpenEngine;
  it: (name: string, test: () => Promise<void>) => void;
  /** Others may write to its store, so that something may have been missed at any moment. */
  isShared: boolean;
}

export interface ExamOptions {
  isShared?: boolean;
  /** Names of cases, each with the reason why this engine is excused. */
  skips?: Record<string, string>;
}

export function describeEngine(name: string, open: OpenEngine, { isShared = false, skips = {} }: ExamOptions = {}): void {
  const it: Exam['it'] = (title, test) => {
    const reason = skips[title];
    const skip: TestAPI['skip'] = vitestIt.skip;
    if (reason === undefined) vitestIt(title, test);
    else skip(`${title} (excused: ${reason})`, test);
  };
  describe(`${name} engine`, () => {
    const exam: Exam = { open, it, isShared };
    describe('writing', () => writing(exam));
    describe('requests', () => requests(exam));
    describe('catching up and snapshots', () => catchingUp(exam));
    describe('pages', () => pages(exam));
    describe('moving', () => moving(exam));
    describe('erasing', () => deletingAndErasing(exam));
    describe('listening', () => listening(exam));
    describe('revoking tokens', () => revoking(exam));
  });
}
