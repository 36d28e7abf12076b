import { createInterface } from 'node:readline';
import { openEmbedded } from '../../../src/engine/embedded/index.ts';
import { appending, createChannel, publication, renderer, samplePost } from '../engines.ts';

/**
 * Opens the journal in the directory named, and for each line on standard input asks it to append one and the same post, with one and the
 * same request. Prints what became of that: a status, or the outcome of a failure.
 */
const [dataDir = '', post = ''] = process.argv.slice(2);
const engine = await openEmbedded({ dataDir, renderer });
if ((await engine.channel('power')).status === 'missing') await createChannel(engine, 'power');
process.stdout.write('open\n');
const entry = publication(samplePost('power', { id: post, body: `The text of ${post}.` }));
for await (const _line of createInterface({ input: process.stdin })) {
  const told = await engine.append('power', appending([entry], { request: { id: 'repeated', digest: 'd'.repeat(64) } })).then(
    ({ status }) => status,
    ({ outcome }: { outcome: string }) => outcome,
  );
  process.stdout.write(`${told}\n`);
}
