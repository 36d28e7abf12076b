import { expect, it, onTestFinished, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { startServerProcess } from '../../support/servers/process.ts';

it('a server with an unknown version of engine.io serves and reconnects readers over sockets, and logs a warning', async () => {
  const lines: string[] = [];
  const moved = new URL('../../support/preload/moved-engine-io.mjs', import.meta.url).href;
  await using server = await startServerProcess({
    env: { NODE_OPTIONS: `--import ${moved}` },
    onLine: (line) => lines.push(line),
  });
  const author = new AuthorClient({ url: server.url, token: await server.token() });
  await author.createChannel({ id: 'moon', headline: 'To the Moon', state: 'live' });
  const client = new ReaderClient({ url: server.url, channelId: 'moon', transports: ['socket'], random: () => 0 });
  onTestFinished(() => client.close());
  const shown = () => client.timeline?.posts.map(({ headline }) => headline);
  client.open();
  await vi.waitFor(() => expect(client.state).toMatchObject({ status: 'live', transport: 'socket' }));
  const { post } = await author.publish('moon', { headline: 'Lift-off at nine', body: 'On time.' });
  await vi.waitFor(() => expect(shown()).toEqual(['Lift-off at nine']));

  await author.correct('moon', post.id, post.revision, { note: 'The time was wrong.', changes: { headline: 'Lift-off at ten' } });
  await vi.waitFor(() => expect(shown()).toEqual(['Lift-off at ten']));

  await server.kill();
  await server.start();
  await author.publish('moon', { headline: 'Long', body: 'A long text. '.repeat(3_000).trim() });
  await vi.waitFor(() => expect(shown()).toEqual(['Long', 'Lift-off at ten']));
  // The warning is logged at every start.
  expect(lines.filter((line) => line.includes('engine.io'))).toHaveLength(2);
});
