import { createServer } from 'node:net';

/**
 * Below the ports that the system gives to whoever connects somewhere, or listens anywhere: one of thousands who do would have it before
 * it is listened on, or while a server that had it is started again. Workers of the tests that run side by side have some each, and give
 * out none of them twice before all were, so that none is given to two who are about to listen on it.
 */
const portsForServers = { first: 20_000, each: 1_500, workers: 8 };

const worker = Number(process.env.VITEST_POOL_ID ?? 0) % portsForServers.workers;
let next = Math.floor(Math.random() * portsForServers.each);

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    next = (next + 1) % portsForServers.each;
    const port = portsForServers.first + worker * portsForServers.each + next;
    if (await isFree(port)) return port;
  }
  throw new Error('No port is free.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
