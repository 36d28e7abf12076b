import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { JournalRefused, JournalUnavailable, messageOf } from '../engine.ts';
import { refusalOfMark } from '../migrate/marks.ts';
import { append } from './append.ts';
import { syncLog, watchFiles } from './data-directory.ts';
import { endSession, sessionKey } from './ended-sessions.ts';
import { countPendingErasures, deleteChannel, eraseDeletedRows, isErasurePending, truncateLog } from './erasure.ts';
import { codeOf, isDamage, notUsable, sqliteFull } from './file-damage.ts';
import { markOf, refuseMarked } from './migration-mark.ts';
import { lastRequestAt, note, reserve, sweepRequests } from './request-keys.ts';
import { revoke } from './revoked-tokens.ts';
import { copyLog, openForWriting } from './schema.ts';
import { recordOnce } from './server-journal.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import { type Sql, statements } from './statements.ts';
import type { ThreadData, ThreadMessage, ThreadRequest, ThreadResponse, Writes } from './thread-messages.ts';
import { verifyJournal } from './verify.ts';
import { movedAway, refusalOf, Writability } from './writability.ts';

/**
 * The writer thread. The requests that wait when a commit ends form the next transaction, each in a savepoint, so that many
 * authors share one sync. Requests are answered after the sync, in journal order.
 */

const { transactionOperations: transactionMost } = sqliteLimits;

type WriteRequest = ThreadRequest<Writes>;

const { file, again, port } = workerData as ThreadData;

function start(): void {
  let db: DatabaseSync;
  try {
    if (again && !existsSync(file)) throw new JournalUnavailable(`The journal ${file} is gone.`, 'unchanged');
    syncLog(file);
    db = openForWriting(file);
    refuseMarked(db);
    verifyJournal(db);
  } catch (error) {
    const why = notUsable(error, file);
    send(port, { type: 'failed', message: messageOf(why), refused: why instanceof JournalRefused });
    port.close();
    return;
  }
  const sql = statements(db);
  const whyMoved = watchFiles(file);
  const writability = new Writability(db, file);
  let broken: string | undefined;
  const breakDown = (why: string) => {
    broken = why;
  };
  send(port, { type: 'open', owed: countPendingErasures(sql), lastRequestAt: lastRequestAt(sql) });

  port.on('message', (first: WriteRequest) => {
    let next: WriteRequest | undefined = first;
    while (next !== undefined) {
      const batch: WriteRequest[] = [];
      while (next !== undefined && inTransaction(next) && batch.length < transactionMost) {
        batch.push(next);
        next = receive();
      }
      const refusal = broken ?? whyMoved();
      if (batch.length > 0) {
        const answers = refusal === undefined ? transact(db, sql, batch, breakDown) : refuse(batch, refusal);
        writability.note(answers.some(({ failure }) => failure?.refusesToWrite) ? 'refused' : 'committed');
        answer(answers);
      }
      if (batch.length > 0 && broken === undefined) copyLogIfLong(sql, breakDown);
      if (next !== undefined && !inTransaction(next)) {
        answer([performAlone(db, sql, next, { broken, moved: refusal, breakDown, writability })]);
        if (next.operation === 'close') return port.close();
        next = receive();
      }
    }
  });
}

function receive(): WriteRequest | undefined {
  return receiveMessageOnPort(port)?.message as WriteRequest | undefined;
}

function send(to: MessagePort, message: ThreadMessage): void {
  to.postMessage(message);
}

function answer(answers: ThreadResponse[]): void {
  send(port, { type: 'answers', answers });
}

const transacted: readonly WriteRequest['operation'][] = [
  'append',
  'note',
  'reserve',
  'delete',
  'revoke',
  'recordOnce',
  'endSession',
  'sessionKey',
];

function inTransaction({ operation }: WriteRequest): boolean {
  return transacted.includes(operation);
}

function transact(db: DatabaseSync, sql: Sql, batch: WriteRequest[], breakDown: (why: string) => void): ThreadResponse[] {
  const answers: ThreadResponse[] = [];
  try {
    db.exec('BEGIN IMMEDIATE');
    // Read in the transaction, so that nothing is written after a migration has stopped the writes.
    const refusal = refusalOfMark(markOf(sql));
    if (refusal !== undefined) {
      rollBack(db);
      return refuse(batch, refusal, refusal);
    }
    for (const request of batch) answers.push(inSavepoint(db, sql, request));
    sweepRequests(sql, Math.max(...batch.map(requestAtOf)), batch.length);
  } catch (error) {
    // No commit was attempted, so nothing was written.
    rollBack(db);
    noteDamage(error, breakDown);
    return refuse(batch, messageOf(error));
  }
  try {
    db.exec('COMMIT');
    return answers;
  } catch (error) {
    rollBack(db);
    noteDamage(error, breakDown);
    // If the disk is full, the log lacks the end of the transaction. After other errors the log may have it, and the next start
    // may find it.
    const outcome = codeOf(error) === sqliteFull ? 'unchanged' : 'unknown';
    return batch.map(({ id }) => ({ id, failure: { message: messageOf(error), outcome, refusesToWrite: true } }));
  }
}

/** Requests were answered after they reached the log, so a failed copy affects only later writes. */
function copyLogIfLong(sql: Sql, breakDown: (why: string) => void): void {
  try {
    copyLog(sql);
  } catch (error) {
    noteDamage(error, breakDown);
  }
}

/** The time of a request by the request clock. Operations without a time return 0, so they expire no requests. */
function requestAtOf({ given }: WriteRequest): number {
  return given !== null && 'requestAt' in given ? given.requestAt : 0;
}

function inSavepoint(db: DatabaseSync, sql: Sql, request: WriteRequest): ThreadResponse {
  const { id } = request;
  sql('SAVEPOINT operation').run();
  try {
    const answer = perform(sql, request);
    sql('RELEASE operation').run();
    return { id, answer };
  } catch (error) {
    // Errors such as a full disk abort the whole transaction, including the savepoint.
    if (!db.isTransaction) throw error;
    db.exec('ROLLBACK TO operation; RELEASE operation');
    if (codeOf(error) !== undefined) throw error;
    return { id, failure: { message: messageOf(error), outcome: 'unchanged' } };
  }
}

function perform(sql: Sql, request: WriteRequest): unknown {
  switch (request.operation) {
    case 'append':
      return append(sql, request.given);
    case 'note':
      return note(sql, request.given);
    case 'reserve':
      return reserve(sql, request.given);
    case 'delete':
      return deleteChannel(sql, request.given);
    case 'recordOnce':
      return recordOnce(sql, request.given);
    case 'revoke':
      return revoke(sql, request.given);
    case 'endSession':
      return endSession(sql, request.given);
    case 'sessionKey':
      return sessionKey(sql, request.given);
    default:
      throw new JournalUnavailable(`${request.operation} is not for a transaction.`, 'unchanged');
  }
}

interface Condition {
  /** Why nothing may be written until a restart. */
  broken: string | undefined;
  /** Why nothing may be written while files are not in place. */
  moved: string | undefined;
  breakDown: (why: string) => void;
  writability: Writability;
}

function performAlone(db: DatabaseSync, sql: Sql, request: WriteRequest, condition: Condition): ThreadResponse {
  const { id } = request;
  const { broken, moved, breakDown, writability } = condition;
  try {
    if (request.operation === 'close') db.close();
    else if (broken !== undefined) return { id, failure: { message: broken, outcome: 'unchanged' } };
    else if (moved !== undefined)
      return { id, failure: { message: moved, outcome: 'unchanged', refusesToWrite: true, refusal: movedAway } };
    else if (request.operation === 'ping') return ping(id, sql, writability, breakDown);
    else if (request.operation === 'erase') return { id, answer: continueErasing(db, sql, request.given) };
    return { id, answer: null };
  } catch (error) {
    noteDamage(error, breakDown);
    return { id, failure: { message: messageOf(error), outcome: 'unknown' } };
  }
}

function ping(id: number, sql: Sql, writability: Writability, breakDown: (why: string) => void): ThreadResponse {
  try {
    const refusal = refusalOfMark(markOf(sql));
    if (refusal !== undefined) return { id, failure: { message: refusal, outcome: 'unchanged', refusesToWrite: true, refusal } };
    writability.probe();
    return { id, answer: null };
  } catch (error) {
    noteDamage(error, breakDown);
    return { id, failure: { message: messageOf(error), outcome: 'unchanged', refusesToWrite: true, refusal: refusalOf(error) } };
  }
}

function continueErasing(db: DatabaseSync, sql: Sql, wanted: Writes['erase']['given']): Writes['erase']['answer'] {
  const isComplete = () =>
    wanted === null ? countPendingErasures(sql) === 0 : !isErasurePending(sql, wanted.channelId, wanted.postId);
  const result = (state: Writes['erase']['answer']['state']) => ({ state, owed: countPendingErasures(sql) });
  if (isComplete()) return result('complete');
  db.exec('BEGIN IMMEDIATE');
  let more: boolean;
  try {
    more = eraseDeletedRows(sql);
    db.exec('COMMIT');
  } catch (error) {
    rollBack(db);
    throw error;
  }
  if (more) return result('goes-on');
  return result(truncateLog(db, sql) && isComplete() ? 'complete' : 'waits');
}

/** `refusal`: the reason as a sentence that may be shown to anyone. */
function refuse(batch: WriteRequest[], message: string, refusal?: string): ThreadResponse[] {
  return batch.map(({ id }) => ({ id, failure: { message, outcome: 'unchanged', refusesToWrite: true, refusal } }));
}

function rollBack(db: DatabaseSync): void {
  if (db.isTransaction) db.exec('ROLLBACK');
}

const syncFailures = [(4 << 8) | 10, (5 << 8) | 10];

/**
 * After a failed sync, the kernel may drop what it could not write and report the next sync as successful. So nothing is written
 * until a restart has read the file again. The same applies if the file is damaged.
 */
function noteDamage(error: unknown, breakDown: (why: string) => void): void {
  if (isDamage(error) || syncFailures.includes(codeOf(error) ?? 0)) {
    breakDown(`The journal takes no writes until a restart: ${messageOf(error)}`);
  }
}

start();
