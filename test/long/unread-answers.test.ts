import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { requestText } from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';
import { startServerProcess } from '../support/servers/process.ts';
import { call } from '../support/servers/server.ts';

/** Twelve addresses request pages of posts, sixteen at a time on each connection, and read nothing. */
const attack = { addresses: 12, connectionsOfEach: 20, requestsOfEach: 16 };
/** The most resident memory of the server, and the most that the attack may add. Answers share their bytes, so connections and garbage take most of it. */
const most = { residentBytes: 400_000_000, grownBytes: 100_000_000 };

it('the server stays below 400 MB while 12 addresses request 3,840 answers and read none', async () => {
  await using server = await startServerProcess({
    env: { PRESSBOX_REQUESTS_PER_SECOND: '50', PRESSBOX_CONNECTIONS_PER_ADDRESS: '1000' },
  });
  const token = await server.token();
  const { id } = await createChannel(server, token, { headline: 'Moon' });
  const body = 'A long night on the moon. '.repeat(600);
  for (let from = 0; from < 100; from += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, nth) => publish(server, token, id, { headline: `${from + nth}`, body })));
  }
  await call(`${server.url}/v1/channels/${id}/snapshot?limit=100`);

  const before = await residentBytes(server.pid);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const port = Number(new URL(server.url).port);
  let sentBytes = 0;
  let highest = before;
  for (let nth = 0; nth < attack.connectionsOfEach; nth += 1) {
    for (let address = 1; address <= attack.addresses; address += 1) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.3.${address}` });
      socket.on('error', () => {}).pause();
      sockets.push(socket);
      await once(socket, 'connect');
      const paths = Array.from(
        { length: attack.requestsOfEach },
        (_, at) => `/v1/channels/${id}/snapshot?limit=${100 - ((nth * 16 + at) % 40)}`,
      );
      const requests = paths.map((path) => requestText(`GET ${path} HTTP/1.1`, ['Connection: keep-alive'])).join('');
      sentBytes += requests.length;
      socket.write(requests);
    }
    highest = Math.max(highest, await residentBytes(server.pid));
  }
  // Wait until the server has made all answers. Until then it must also answer other clients.
  for (let before = -1, now = await processorTicks(server.pid); now - before > 5; ) {
    const due = performance.now() + 500;
    while (performance.now() < due) {
      expect((await call(`${server.url}/readyz`)).status).toBe(200);
      highest = Math.max(highest, await residentBytes(server.pid));
      await pause(50);
    }
    [before, now] = [now, await processorTicks(server.pid)];
  }
  console.log('unread answers:', JSON.stringify({ sentBytes, before, highest }));
  expect(highest).toBeLessThan(most.residentBytes);
  expect(highest - before).toBeLessThan(most.grownBytes);
});

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** CPU time of the server, hundredths of a second. */
async function processorTicks(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
