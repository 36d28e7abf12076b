import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { root } from '../../support/runner/imports.ts';

/** The health check of the image, as the Dockerfile starts it. test/long/container/ runs it in a container. */
async function check(env: Record<string, string>): Promise<number | null> {
  const child = spawn(process.execPath, [join(root, 'container/health.mjs')], { env, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function answering(status: number, host: string): Promise<string> {
  const server = createServer((request, response) => response.writeHead(request.url === '/healthz' ? status : 404).end());
  await once(server.listen(0, host), 'listening');
  onTestFinished(() => void server.close());
  return String((server.address() as { port: number }).port);
}

it('a container is healthy while its server answers at the address and port that it listens on', async () => {
  const port = await answering(200, '127.0.0.1');
  const other = await answering(500, '127.0.0.1');
  for (const PRESSBOX_HOST of ['0.0.0.0', '127.0.0.1', 'localhost', '']) {
    expect([PRESSBOX_HOST, await check({ PRESSBOX_HOST, PRESSBOX_PORT: port })]).toEqual([PRESSBOX_HOST, 0]);
  }
  expect(await check({ PRESSBOX_PORT: other })).toBe(1);
  expect(await check({ PRESSBOX_PORT: other, PRESSBOX_ADMIN_PORT: port })).toBe(0);
  // Nothing listens there.
  expect(await check({ PRESSBOX_PORT: '1' })).toBe(1);
});
