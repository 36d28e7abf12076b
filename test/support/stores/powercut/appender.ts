import { openSqlite } from '../../../../src/journal/sqlite/index.ts';
import { appended, createChannel, newPostId, publication, renderer, revision, samplePost, takedown } from '../engines.ts';

/**
 * Appends to the journal in the given directory until it is killed, several authors at once. A line `<post> <revision>` on
 * standard output is an answered append. A line `erased <post>` is a completed erasure: `text of <post>` must then be in no file.
 * A refused append prints its reason.
 */
const [dataDir = '', channelId = 'power', authors = '4'] = process.argv.slice(2);
const engine = await openSqlite({ dataDir, renderer });
if ((await engine.channel(channelId)).status === 'missing') await createChannel(engine, channelId);
process.stdout.write('open\n');
for (let author = 0; author < Number(authors); author++) void write();

async function write(): Promise<void> {
  for (let count = 0; ; count++) {
    // Mostly short, sometimes longer than a page of the file.
    const id = newPostId();
    const body = `The text of ${id}. ${'x'.repeat(count % 7 === 0 ? 9_000 : 100)}`;
    const post = samplePost(channelId, { id, body });
    try {
      await appended(engine, channelId, [publication(post)]);
      process.stdout.write(`${post.id} 1\n`);
      if (count % 3 === 0) {
        const next = count % 2 === 0 ? revision(post, { body: `${body} Corrected.` }) : takedown(post);
        await appended(engine, channelId, [next]);
        process.stdout.write(`${post.id} 2\n`);
        if (next.type !== 'post.taken-down') continue;
        const { complete } = await engine.erase(channelId, id);
        if (complete) process.stdout.write(`erased ${id}\n`);
      }
    } catch (error) {
      process.stdout.write(`refused ${JSON.stringify({ outcome: (error as { outcome?: string }).outcome, post: post.id })}\n`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
