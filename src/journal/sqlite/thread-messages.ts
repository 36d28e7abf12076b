import type { MessagePort } from 'node:worker_threads';
import type { ServerFacts } from '../../protocol/model.ts';
import type { SessionEnd } from '../ended-sessions.ts';
import type { Outcome, RequestId } from '../engine.ts';
import type { Appended, PreparedAppend } from './append.ts';
import type { Deletion } from './erasure.ts';
import type * as reads from './reads.ts';

/** What the engine's two threads are asked, and how they answer. */
export interface Writes {
  append: { given: PreparedAppend; answer: Appended };
  note: {
    given: { channelId: string; request: RequestId; outcome: Omit<Outcome, 'same'>; requestAt: number };
    answer: Outcome | undefined;
  };
  reserve: { given: { requestId: string; channelId: string; instead: string | undefined; requestAt: number }; answer: string };
  delete: { given: { channelId: string; request: RequestId; requestAt: number; now: number; by: string }; answer: Deletion };
  /** Unless the server's own journal has such an entry. */
  recordOnce: { given: ServerFacts; answer: null };
  revoke: { given: { jti: string; until: number | null; now: number; by: string }; answer: 'revoked' | 'full' };
  endSession: { given: SessionEnd; answer: null };
  sessionKey: { given: { made: string }; answer: string };
  /** Goes a step on with an erasure, or with all that are owed. `waits`: a reader still needs the log. `owed`: how many are, in all. */
  erase: {
    given: { channelId: string; postId: string | null } | null;
    answer: { state: 'complete' | 'goes-on' | 'waits'; owed: number };
  };
  ping: { given: null; answer: null };
  /** Everything asked before is done. */
  close: { given: null; answer: null };
}

type Read = typeof reads;
type AfterFirst<F> = F extends (first: never, ...rest: infer R) => unknown ? R : never;

/** Each function of `reads.ts`, given what it takes after the connection. */
export type Reads = { [K in keyof Read]: { given: AfterFirst<Read[K]>; answer: ReturnType<Read[K]> } } & Pick<
  Writes,
  'ping' | 'close'
>;

export type Operation<T> = keyof T & string;
export type ParamsOf<T, K extends keyof T> = T[K] extends { given: infer G } ? G : never;
export type ResultOf<T, K extends keyof T> = T[K] extends { answer: infer A } ? A : never;

/** One of the operations with what it is given. */
export type ThreadRequest<T> = { [K in Operation<T>]: { id: number; operation: K; given: ParamsOf<T, K> } }[Operation<T>];

/** As of a `JournalUnavailable`. */
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
  /** `owed`: erasures that were not complete when the journal was last let go. */
  | { type: 'open'; owed: number; lastRequestAt?: number | undefined }
  /** It will not open. `refused`: the journal must not be used; else it could not be. */
  | { type: 'failed'; message: string; refused: boolean }
  /** Of the writer: in the order of the journal. */
  | { type: 'answers'; answers: ThreadResponse[] };

export interface ThreadData {
  file: string;
  /** The file was open before: where it is not there, none is made. */
  again: boolean;
  port: MessagePort;
}
