import { get } from 'node:http';
import { connect } from 'node:net';
import type { Spent } from '../load/watched-server.ts';
import type { Worker } from '../load/worker.ts';
import { pause } from './environment.ts';

/**
 * Readers during an attack: two addresses request expensive answers in many ways, 50 times a second each, as the limit of requests
 * allows, on a connection for each. Meanwhile another address requests a few posts ten times a second.
 */
export interface AttackFigures {
  what: string;
  requests: number;
  /** Answered with 429. */
  refused: number;
  /** CPU time of the server, of one core. */
  cpuShare: number;
  reader: { p50Ms: number; p99Ms: number; mostMs: number; failed: number };
}

export interface Attack {
  what: string;
  /** Another request each time. */
  path: (nth: number) => string;
  /** When each connection is closed. Undefined: when it was answered. */
  closedAfterMs?: number;
  gzip?: boolean;
}

const attackers = ['203.0.113.1', '198.51.100.1'];
const perSecond = 50;
const readsPerSecond = 10;

export async function measureAttack(
  worker: Worker,
  { url, channelId }: { url: string; channelId: string },
  { what, path, closedAfterMs, gzip = false }: Attack,
  seconds: number,
): Promise<AttackFigures> {
  const { hostname, port, host } = new URL(url);
  let requests = 0;
  let refused = 0;
  const waits: number[] = [];
  let failed = 0;
  const attack = (address: string) => {
    const socket = connect(Number(port), hostname);
    const coding = gzip ? 'Accept-Encoding: gzip\r\n' : '';
    socket.on('error', () => undefined).once('data', (start) => (refused += Number(start.toString('latin1', 9, 12) === '429')));
    socket.resume();
    socket.write(
      `GET ${path(requests)} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: ${address}\r\n${coding}Connection: close\r\n\r\n`,
    );
    requests += 1;
    if (closedAfterMs !== undefined) setTimeout(() => socket.destroy(), closedAfterMs);
  };
  const read = async () => {
    const began = performance.now();
    const status = await new Promise<number | undefined>((resolve) => {
      const headers = { 'x-forwarded-for': '192.0.2.1' };
      get(`${url}/v1/channels/${channelId}/posts?limit=5`, { headers, agent: false }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      }).on('error', () => resolve(undefined));
    });
    if (status === 200) waits.push(performance.now() - began);
    else failed += 1;
  };
  await worker.call('begin', { watch: false });
  const began = performance.now();
  const reads: Promise<void>[] = [];
  for (let tick = 0; tick < seconds * perSecond; tick += 1) {
    await pause(began + (tick * 1_000) / perSecond - performance.now());
    for (const address of attackers) attack(address);
    if (tick % (perSecond / readsPerSecond) === 0) reads.push(read());
  }
  const { cpuMs } = await worker.call<Spent>('end');
  const tookMs = performance.now() - began;
  await Promise.all(reads);
  waits.sort((one, other) => one - other);
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
  const reader = { p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1), failed };
  return { what, requests, refused, cpuShare: cpuMs / tookMs, reader };
}
