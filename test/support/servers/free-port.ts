import { createServer } from 'node:net';

/**
 * Ports below the system's ephemeral range, since a client's connection could otherwise take a port before a server listens on it, or
 * while the server restarts. Each test worker has its own range and hands out every port before it repeats one.
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
