import { expect, it, onTestFinished, vi } from 'vitest';
import { ReaderClient } from '../../client/lib/reader-client.ts';
import { createChannel, publish } from '../support/authors/writers.ts';
import { startServerProcess } from '../support/servers/process.ts';

/** The readers of an office, a school or a carrier's gateway share one address. */

const size = 1_000;
/** The burst of the request rate lets 500 in at once, and then 50 a second. Clients that were told to wait spread over some time more. */
const patient = { timeout: 120_000, interval: 100 };

it('1,000 readers behind one address reconnect after a restart with the default settings', async () => {
  await using server = await startServerProcess({
    // An empty setting counts as unset.
    env: { PRESSBOX_REQUESTS_PER_SECOND: '', PRESSBOX_CONNECTIONS_PER_ADDRESS: '', PRESSBOX_WRITES_PER_SECOND: '' },
  });
  const token = await server.token();
  const { id } = await createChannel(server, token, { headline: 'Moon' });
  await publish(server, token, id, { headline: 'One' });
  const seen = new Map<number, string>();
  const haveSeen = (headline: string) => [...seen.values()].filter((last) => last === headline).length;
  for (let nth = 0; nth < size; nth += 1) {
    const reader = new ReaderClient({ url: server.url, channelId: id, transports: ['socket'] });
    onTestFinished(() => reader.close());
    reader.on('timeline', ({ posts }) => void seen.set(nth, posts[0]?.headline ?? ''));
    reader.open();
  }
  await vi.waitFor(() => expect(haveSeen('One')).toBe(size), patient);

  await server.kill();
  await server.start();
  const beganAt = performance.now();
  // The author shares the address and its rate.
  await vi.waitFor(() => publish(server, token, id, { headline: 'Two' }), patient);
  await vi.waitFor(() => expect(haveSeen('Two')).toBe(size), patient);
  console.log(
    'crowd behind one address:',
    JSON.stringify({ size, secondsUntilAllHadIt: Math.round((performance.now() - beganAt) / 1_000) }),
  );
});
