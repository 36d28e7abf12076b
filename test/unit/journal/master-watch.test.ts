import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { MasterWatch } from '../../../src/journal/redis/connection/master-watch.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';

afterEach(() => void vi.useRealTimers());

/** A Sentinel that knows one master and no other Sentinels, with the number of questions that it was asked. */
async function startSentinel(): Promise<{ port: number; asked: () => number }> {
  const list = (...words: string[]) => `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
  const answers: Record<string, string> = {
    MASTER: list('ip', '192.0.2.1', 'port', '6379', 'flags', 'master', 'config-epoch', '1'),
    'GET-MASTER-ADDR-BY-NAME': list('192.0.2.1', '6379'),
    SENTINELS: '*0\r\n',
  };
  let asked = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (data) => {
      // A command is an array of words, each in a line of its own.
      for (const command of data.toString().split(/(?=\*\d+\r\n)/)) {
        const [name, verb = ''] = [...command.matchAll(/\$\d+\r\n(\S+)\r\n/g)].map(([, word = '']) => word.toUpperCase());
        if (name === 'SENTINEL' && verb === 'MASTER') asked += 1;
        socket.write(name === 'SENTINEL' ? (answers[verb] ?? '-ERR\r\n') : '+OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked: () => asked };
}

function watching(port: number) {
  const errors: string[] = [];
  const log = { info() {}, warn() {}, error: (_: object, message: string) => void errors.push(message) };
  const url = `redis+sentinel://127.0.0.1:${port}/pressbox`;
  const watch = new MasterWatch({ url, log, inUse: () => '192.0.2.1:6379', onMaster() {} });
  onTestFinished(() => watch.close());
  return { watch, errors };
}

it('a write is confirmed by what the Sentinels said within sentinelFreshMs, and asks them again later', async () => {
  const { port, asked } = await startSentinel();
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  const { watch } = watching(port);
  await watch.open();
  const before = asked();
  vi.advanceTimersByTime(redisLimits.sentinelFreshMs);
  expect([await watch.isMasterUp(), asked() - before]).toEqual([true, 0]);
  vi.advanceTimersByTime(1);
  expect([await watch.isMasterUp(), asked() - before]).toEqual([true, 1]);
});

it('the log says after masterUnconfirmedMs that no majority of the Sentinels confirms the master', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  const { watch, errors } = watching(1);
  const { masterUnconfirmedMs, probeMs } = redisLimits;
  const opened = watch.open();
  await vi.advanceTimersByTimeAsync(masterUnconfirmedMs - 1);
  await opened;
  expect([watch.unconfirmed, errors]).toEqual(['silent', []]);
  await vi.advanceTimersByTimeAsync(probeMs + 1);
  expect(errors).toEqual(['no majority of the Sentinels confirms the master in use']);
});
