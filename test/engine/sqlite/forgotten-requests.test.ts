import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { createChannel, newRequest, openTempEngine, publish } from '../../support/stores/engines.ts';

const hour = 3_600_000;

it('the embedded journal drops requests and reservations that are 24 hours old with the next write, and no others', async () => {
  let elapsed = 0;
  await using temp = await openTempEngine({ elapsed: () => elapsed });
  const { engine, dataDir } = temp;
  const { id } = await createChannel(engine);
  const stale = newRequest().id;
  await engine.reserve(stale, id);
  elapsed += 1;
  const fresh = newRequest();
  await engine.note(id, fresh, { position: undefined, postId: null, revision: 1 });
  const reserved = newRequest().id;
  await engine.reserve(reserved, id);
  elapsed += 24 * hour - 1;
  await publish(engine, id);
  using db = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
  const idsIn = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  // Of the requests that made the channel and the post, the latter is fresh.
  const requests = idsIn('SELECT id FROM requests');
  expect([requests.length, requests.includes(fresh.id)]).toEqual([2, true]);
  expect(idsIn('SELECT requestId FROM reservations')).toEqual([reserved]);
});
