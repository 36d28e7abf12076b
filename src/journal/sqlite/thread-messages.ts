import type { MessagePort } from 'node:worker_threads';
import type { ServerFacts } from '../../protocol/model.ts';
import type { SessionEnd } from '../ended-sessions.ts';
import type { Outcome, RequestId } from '../engine.ts';
import type { Revoked } from '../revoked-tokens.ts';
import type { Appended, PreparedAppend } from './append.ts';
import type { Deletion } from './erasure.ts';
import type * as reads from './reads.ts';

/** The requests to the engine's two threads, and their responses. */
export interface Writes {
  append: { given: PreparedAppend; answer: Appended };
  note: {
    given: { channelId: string; request: RequestId; outcome: Omit<Outcome, 'same'>; requestAt: number };
    answer: Outcome | undefined;
  };
  reserve: { given: { requestId: string; channelId: string; instead: string | undefined; requestAt: number }; answer: string };
  delete: { given: { channelId: string; request: RequestId; requestAt: number; now: number; by: string }; answer: Deletion };
  /** Adds the entry unless the server's own journal has one with the same type and subject. */
  recordOnce: { given: ServerFacts; answer: null };
  revoke: { given: { jti: string; until: number | null; now: number; by: string }; answer: Revoked };
  endSession: { given: SessionEnd & { facts: readonly ServerFacts[] }; answer: null };
  sessionKey: { given: { made: string }; answer: string };
  /**
   * Continues an erasure, or all pending ones (null). `goes-on`: call again at once. `waits`: a reader still needs the log, so
   * call again later. `owed`: the number of pending erasures.
   */
  erase: {
    given: { channelId: string; postId: string | null } | null;
    answer: { state: 'complete' | 'goes-on' | 'waits'; owed: number };
  };
  ping: { given: null; answer: null };
  /** Answered after all earlier requests. */
  close: { given: null; answer: null };
}

type Read = typeof reads;
type AfterFirst<F> = F extends (first: never, ...rest: infer R) => unknown ? R : never;

/** Each function of `reads.ts`, with its parameters after the connection. */
export type Reads = { [K in keyof Read]: { given: AfterFirst<Read[K]>; answer: ReturnType<Read[K]> } } & Pick<
  Writes,
  'ping' | 'close'
>;

export type Operation<T> = keyof T & string;
export type ParamsOf<T, K extends keyof T> = T[K] extends { given: infer G } ? G : never;
export type ResultOf<T, K extends keyof T> = T[K] extends { answer: infer A } ? A : never;

/** An operation with its parameters. */
export type ThreadRequest<T> = { [K in Operation<T>]: { id: number; operation: K; given: ParamsOf<T, K> } }[Operation<T>];

/** As in `JournalUnavailable`. */
export interface Failure {
  message: string;
  outcome: 'unchanged' | 'unknown';
  refusesToWrite?: boolean;
  refusal?: string | undefined;
}

export interface ThreadResponse {
  id: number;
  answer?: unknown;
  failure?: Failure;
}

export type ThreadMessage =
  /** `owed`: the number of erasures that were pending when the journal was last closed. */
  | { type: 'open'; owed: number; lastRequestAt?: number | undefined }
  /** The thread could not open the journal. `refused`: it must not be used; otherwise it cannot be used now. */
  | { type: 'failed'; message: string; refused: boolean }
  /** From the writer, in journal order. */
  | { type: 'answers'; answers: ThreadResponse[] };

export interface ThreadData {
  file: string;
  /** The file was open before, so it must not be created if it is missing. */
  again: boolean;
  port: MessagePort;
}
