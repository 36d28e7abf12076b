import { workerData } from 'node:worker_threads';
import { messageOf } from '../engine.ts';
import { isDamage, notUsable } from './file-damage.ts';
import * as reads from './reads.ts';
import { openForReading } from './schema.ts';
import { type Sql, statements } from './statements.ts';
import type { Reads, ThreadData, ThreadMessage, ThreadRequest, ThreadResponse } from './thread-messages.ts';

/** The reader thread: each read is one transaction on a connection that cannot write, so it is true as of one place of the journal. */
const { file, port } = workerData as ThreadData;
const operations = { ...reads };

function start(): void {
  const db = openForReading(file);
  const sql = statements(db);
  /** Said to whoever asks whether all is well: only who reads of the page meets it. */
  let damage: unknown;
  port.postMessage({ type: 'open', owed: 0 } satisfies ThreadMessage);

  port.on('message', (asked: ThreadRequest<Reads>) => {
    const answered: ThreadResponse = { id: asked.id };
    try {
      if (asked.operation === 'close') db.close();
      else if (asked.operation === 'ping') {
        if (damage !== undefined) throw damage;
        sql('SELECT 1').get();
      } else {
        db.exec('BEGIN');
        try {
          answered.answer = read(sql, asked);
        } finally {
          db.exec('COMMIT');
        }
      }
    } catch (error) {
      if (isDamage(error)) damage ??= notUsable(error, file);
      answered.failure = { message: messageOf(error), outcome: 'unchanged' };
    }
    port.postMessage({ type: 'answers', answers: [answered] } satisfies ThreadMessage);
    if (asked.operation === 'close') port.close();
  });
}

function read(sql: Sql, { operation, given }: Exclude<ThreadRequest<Reads>, { operation: 'ping' | 'close' }>): unknown {
  // The message's type pairs each operation with what it takes, which the compiler cannot follow through an index.
  const perform = operations[operation] as (sql: Sql, ...given: unknown[]) => unknown;
  return perform(sql, ...given);
}

start();
