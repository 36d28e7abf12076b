import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../servers/free-port.ts';
import { endAtExit, type Finishing, type RedisServer, startRedisFor } from './redis.ts';
import { documented, replicated } from './sentinels.ts';

/** A master and a replica behind the HAProxy of `deploy/haproxy-redis.cfg`, for one test. */
export async function startBehindHaproxyFor(test: Finishing, binary: string, haproxy: string) {
  const checkUser = await documented('acl-haproxy');
  const master = await startRedisFor(test, binary, [...replicated, checkUser]);
  const follow = `replicaof 127.0.0.1 ${master.port}`;
  const replica = await startRedisFor(test, binary, [...replicated, checkUser, follow]);
  const proxy = await startHaproxyFor(test, haproxy, master, replica);
  return { master, replica, states: proxy.states, url: `redis://pressbox:word@127.0.0.1:${proxy.port}` };
}

async function startHaproxyFor(test: Finishing, haproxy: string, first: RedisServer, second: RedisServer) {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-haproxy-'));
  const port = await freePort();
  const config = join(directory, 'haproxy.cfg');
  const admin = join(directory, 'admin.sock');
  const given = await readFile(new URL('../../../deploy/haproxy-redis.cfg', import.meta.url), 'utf8');
  const changed = given
    .replace('global\n', `global\n    stats socket ${admin}\n`)
    .replace('127.0.0.1:6380', `127.0.0.1:${port}`)
    .replace('10.0.0.1:6379', `127.0.0.1:${first.port}`)
    .replace('10.0.0.2:6379', `127.0.0.1:${second.port}`);
  await writeFile(config, changed);
  const child = spawn(haproxy, ['-db', '-f', config], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const isEnded = endAtExit(() => child.kill('SIGKILL'));
  test.onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
    isEnded();
    await rm(directory, { recursive: true, force: true });
  });
  return { port, states: () => statesFrom(admin) };
}

/** What HAProxy takes its two servers for. It begins with both `UP`, before its checks. */
async function statesFrom(admin: string): Promise<{ first: string; second: string }> {
  const socket = connect(admin);
  socket.end('show stat\n');
  const [names, ...rows] = (await text(socket)).split('\n').map((line) => line.split(','));
  const status = names?.indexOf('status') as number;
  const stateOf = (server: string) => rows.find((row) => row[1] === server)?.[status] as string;
  return { first: stateOf('first'), second: stateOf('second') };
}
