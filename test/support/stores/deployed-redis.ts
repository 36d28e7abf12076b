import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { root } from '../runner/imports.ts';
import { freePort } from '../servers/free-port.ts';

/** A Redis or Valkey with `deploy/redis.conf`, on a free loopback port and in its own directory. */
export interface DeployedRedis extends AsyncDisposable {
  readonly port: number;
  /** The URL for Pressbox. */
  readonly url: string;
  /** The URL of the operator. */
  readonly operatorUrl: string;
}

export async function startDeployedRedis(binary: string): Promise<DeployedRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-redis-conf-'));
  const port = await freePort();
  const conf = await readFile(join(root, 'deploy/redis.conf'), 'utf8');
  const [, further = ''] = /On Valkey 8\.1 and later, append: (.*)/.exec(conf) ?? [];
  const lines = conf
    .replace('>REDIS_PASSWORD', '>word')
    .replace('>OPERATOR_PASSWORD', '>secret')
    .replace(/^user pressbox .*$/m, (line) => (binary.includes('valkey') ? `${line} ${further}` : line));
  const file = join(directory, 'redis.conf');
  await writeFile(file, `${lines}\nport ${port}\nbind 127.0.0.1\ndir ${directory}\nlogfile ${join(directory, 'log')}\n`);
  const child = spawn(binary, [file], { stdio: 'ignore' });
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  const ended = once(child, 'exit');
  const operatorUrl = `redis://operator:secret@127.0.0.1:${port}`;
  const operator = new Redis(operatorUrl, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  operator.on('error', () => undefined);
  const failed = ended.then(async () => {
    const log = await readFile(join(directory, 'log'), 'utf8').catch(() => 'no log');
    throw new Error(`${binary} ended: ${log.slice(-2_000)}`);
  });
  failed.catch(() => undefined);
  try {
    await Promise.race([operator.ping(), failed]);
  } finally {
    operator.disconnect();
  }
  return {
    port,
    url: `redis://pressbox:word@127.0.0.1:${port}`,
    operatorUrl,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      process.off('exit', atExit);
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    },
  };
}
