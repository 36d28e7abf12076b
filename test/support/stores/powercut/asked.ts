import { createInterface } from 'node:readline';
import { openSqlite } from '../../../../src/journal/sqlite/index.ts';
import { appending, createChannel, newRequest, publication, publish, renderer, samplePost, takedown } from '../engines.ts';

/**
 * Opens the journal in the given directory, and executes the command in each line on standard input. Prints a line of JSON for
 * each: `told`, which is a status or the outcome of a failure with its `message`, and the number of announcements so far.
 * `append` is the same request each time, for the given post.
 */
const [dataDir = '', postId = ''] = process.argv.slice(2);
const channelId = 'power';
const engine = await openSqlite({ dataDir, renderer });
if ((await engine.channel(channelId)).status === 'missing') await createChannel(engine, channelId);
let announced = 0;
await engine.subscribe(channelId, () => void announced++);

const request = { id: 'the-same', digest: 'd'.repeat(64) };
const post = samplePost(channelId, { id: postId, body: `The text of ${postId}.` });
const asked: Record<string, () => Promise<unknown>> = {
  append: async () => (await engine.append(channelId, appending([publication(post)], { request }))).status,
  publish: async () => (await publish(engine, channelId)).status,
  // More than the log holds before it is copied into the journal. A busy reader keeps SQLite from copying the whole log, and then
  // nothing is synced: fill until a write fails.
  fill: async () => {
    for (let round = 0; round < 10; round += 1) {
      const body = 'Much. '.repeat(20_000);
      const published = await Promise.allSettled(Array.from({ length: 100 }, () => publish(engine, channelId, { body })));
      if (published.some(({ status }) => status === 'rejected')) break;
    }
    return 'filled';
  },
  'take down': async () => (await engine.append(channelId, appending([takedown(post)]))).status,
  erase: async () => ((await engine.erase(channelId, postId)).complete ? 'complete' : 'pending'),
  delete: async () => (await engine.deleteChannel(channelId, newRequest(), 'root')).status,
  note: async () => (await engine.note(channelId, newRequest(), { position: undefined, postId, revision: 1 })) ?? 'noted',
  reserve: () => engine.reserve('reserving', 'reserved'),
  revoke: () => engine.revoke('token', null, 'root'),
  ready: async () => (await engine.ready()) ?? 'ready',
  read: async () => ((await engine.post(channelId, postId)) === undefined ? 'missing' : 'there'),
};

process.stdout.write('open\n');
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await asked[line]!().then(
    (told) => ({ told }),
    ({ outcome, message, refusesToWrite }) => ({ told: outcome, message, refusesToWrite }),
  );
  process.stdout.write(`${JSON.stringify({ ...answer, announced })}\n`);
}
