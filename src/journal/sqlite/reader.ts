import { workerData } from 'node:worker_threads';
import { messageOf } from '../engine.ts';
import { isDamage, notUsable } from './file-damage.ts';
import * as reads from './reads.ts';
import { openForReading } from './schema.ts';
import { type Sql, statements } from './statements.ts';
import type { Reads, ThreadData, ThreadMessage, ThreadRequest, ThreadResponse } from './thread-messages.ts';

/** The reader thread. Each read is one transaction on a read-only connection, so it is consistent as of one position. */
const { file, port } = workerData as ThreadData;
const operations = { ...reads };

function start(): void {
  const db = openForReading(file);
  const sql = statements(db);
  /** Reported by `ping`, because otherwise only reads of the damaged page fail. */
  let damage: unknown;
  port.postMessage({ type: 'open', owed: 0 } satisfies ThreadMessage);

  port.on('message', (request: ThreadRequest<Reads>) => {
    const response: ThreadResponse = { id: request.id };
    try {
      if (request.operation === 'close') db.close();
      else if (request.operation === 'ping') {
        if (damage !== undefined) throw damage;
        sql('SELECT 1').get();
      } else {
        db.exec('BEGIN');
        try {
          response.answer = read(sql, request);
        } finally {
          db.exec('COMMIT');
        }
      }
    } catch (error) {
      if (isDamage(error)) damage ??= notUsable(error, file);
      response.failure = { message: messageOf(error), outcome: 'unchanged' };
    }
    port.postMessage({ type: 'answers', answers: [response] } satisfies ThreadMessage);
    if (request.operation === 'close') port.close();
  });
}

function read(sql: Sql, { operation, given }: Exclude<ThreadRequest<Reads>, { operation: 'ping' | 'close' }>): unknown {
  // The message type pairs each operation with its parameters, which the compiler cannot follow through an index.
  const perform = operations[operation] as (sql: Sql, ...given: unknown[]) => unknown;
  return perform(sql, ...given);
}

start();
