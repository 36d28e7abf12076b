import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { run } from '../../support/servers/command.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The server of this test occupies a port, which `pressbox serve` and the service then cannot use. */
let test: TestServer;
const bin = fileURLToPath(new URL('../../../bin/pressbox.mjs', import.meta.url));
const serviceFile = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

beforeAll(async () => {
  test = await startTestServer();
});
afterAll(() => test[Symbol.asyncDispose]());

describe('pressbox serve, pressbox token and the service:', () => {
  it('serve prints its address and the demo, accepts tokens of the token command, and shuts down in order', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
    try {
      const own = { PRESSBOX_DATA_DIR: dataDir, PRESSBOX_LOG_LEVEL: 'silent' };
      const serving = run(['serve', '--demo', '--port', '0'], own);
      await vi.waitFor(() => expect(serving.out).toContain('pressbox correct'));
      const url = /Pressbox serves (\S+)/.exec(serving.out)?.[1] as string;
      expect(serving.out).toContain(`${url}/live/moon-landing`);
      const [, given] = /PRESSBOX_TOKEN=(\S+)/.exec(serving.out) ?? [];
      await vi.waitFor(async () => expect((await new AuthorClient({ url }).listChannels()).channels).toHaveLength(1));
      const posting = run(['post', 'moon-landing', 'From the newcomer.'], { PRESSBOX_URL: url, PRESSBOX_TOKEN: given });
      expect(await posting.code).toBe(0);

      const token = run(['token', '--name', 'Ruth Calder', '--editor', 'moon-*', '--ttl', '30m'], own);
      expect(await token.code).toBe(0);
      expect(token.out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      const ruth = new AuthorClient({ url, token: token.out.trim() });
      expect((await ruth.publish('moon-landing', { body: 'Hello.' })).post.authors).toEqual([{ name: 'Ruth Calder' }]);
      await expect(ruth.createChannel({ id: 'mars', headline: 'Mars' })).rejects.toThrow();
      serving.interrupt();
      expect(await serving.code).toBe(0);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it.for([
    ['the service', [serviceFile]],
    ['serve', [bin, 'serve']],
  ] as const)(
    '%s keeps running and can end while nobody reads its log, and delivers the log once somebody does',
    async ([, argv]) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
      onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
      const pipe = join(dataDir, 'pipe');
      await promisify(execFile)('mkfifo', [pipe]);
      const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
      onTestFinished(() => closeSync(reader));
      const piece = Buffer.alloc(4_096);
      const read = () =>
        piece.toString(
          'utf8',
          0,
          atOnce(() => readSync(reader, piece)),
        );
      for (const isReadAgain of [true, false]) {
        piece.fill('\n');
        for (const size of [piece.length, 1]) while (atOnce(() => writeSync(reader, piece, 0, size)) > 0);
        const port = await freePort();
        const written = openSync(pipe, 'w');
        const child = spawn(process.execPath, argv, {
          env: { ...process.env, PRESSBOX_PORT: String(port), PRESSBOX_DATA_DIR: dataDir },
          stdio: ['ignore', written, written],
        });
        closeSync(written);
        onTestFinished(() => void child.kill('SIGKILL'));
        const exited = once(child, 'close');
        const ready = async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
        await vi.waitFor(ready);
        let said = '';
        const hear = () => {
          for (let more = read(); more !== ''; more = read()) said += more;
        };
        if (isReadAgain) {
          await vi.waitFor(() => {
            hear();
            expect(said).toContain('"listening"');
          });
        }
        child.kill('SIGTERM');
        expect(await exited).toEqual([0, null]);
        hear();
        expect(said.includes('"closed"')).toBe(isReadAgain);
      }
    },
  );

  it.for([
    ['serve', [bin, 'serve', '--port', '0'], {}],
    ['serve with a secret of its own', [bin, 'serve', '--port', '0'], { PRESSBOX_JWT_SECRET: 's'.repeat(32) }],
    ['the service', [serviceFile], { PRESSBOX_PORT: '0' }],
    ['token', [bin, 'token', '--name', 'Ada'], {}],
  ] as const)('%s ends with a sentence if its data directory cannot be created', async ([, argv, env]) => {
    // No directory can be created in /proc. The message names the first one that failed.
    const child = spawn(process.execPath, argv, {
      env: { ...process.env, ...env, PRESSBOX_DATA_DIR: '/proc/pressbox/data' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const closed = once(child, 'close');
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    expect(await closed).toEqual([1, null]);
    expect(err).toContain('PRESSBOX_DATA_DIR: /proc/pressbox cannot be created (ENOENT).');
  });

  it('serve warns of misspelt variables, but not of those that an orchestrator sets', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const child = spawn(process.execPath, [bin, 'serve', '--port', '0', '--data-dir', dataDir], {
      env: {
        ...process.env,
        PRESSBOX_ORIGIN: 'https://www.example.org',
        PRESSBOX_SERVICE_HOST: '10.0.0.1',
        PRESSBOX_URL: 'http://127.0.0.1:4000',
        PRESSBOX_LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    await vi.waitFor(() => expect(out).toContain('Pressbox serves'));
    const lines = out.split('\n').filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'warn', variable: 'PRESSBOX_ORIGIN', nearest: 'PRESSBOX_ORIGINS' }),
    ]);
    expect(out).not.toContain('example.org');
  });

  it('serve shuts down in order if its output cannot be written', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
    const child = spawn(process.execPath, [bin, 'serve', '--port', '0', '--data-dir', dataDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const exited = once(child, 'close');
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += chunk;
      });
      child.stderr.destroy();
      await vi.waitFor(() => expect(said).toContain('"listening"'));
      child.kill('SIGTERM');
      expect([await exited, said]).toEqual([[0, null], expect.stringContaining('"closed"')]);
    } finally {
      child.kill('SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it.for([
    ['serve with its output on a full disk', [bin, 'serve'], 'ENOSPC'],
    ['serve with an output that its reader closed', [bin, 'serve'], 'EPIPE'],
    ['the service with its output on a full disk', [serviceFile], 'ENOSPC'],
    ['the service with an output that its reader closed', [serviceFile], 'EPIPE'],
  ] as const)('%s keeps running, and says so on standard error', async ([, argv, code]) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const port = await freePort();
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, argv, {
      env: { ...process.env, PRESSBOX_PORT: String(port), PRESSBOX_DATA_DIR: dataDir },
      stdio: ['ignore', code === 'EPIPE' ? 'pipe' : full, 'pipe'],
    });
    closeSync(full);
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdout?.destroy();
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    const exited = once(child, 'close');
    const url = `http://127.0.0.1:${port}`;
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200));
    // Each request adds a line to the log.
    for (let nth = 0; nth < 3; nth += 1) await fetch(`${url}/v1/channels/nothing`);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    const lines = said.split('\n').filter((line) => line.startsWith('pressbox: '));
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(new RegExp(`^pressbox: The log cannot be written: ${code}.*\\. The server keeps running\\.$`)),
      ...(argv.length === 1
        ? []
        : [
            expect.stringMatching(new RegExp(`^pressbox: The standard output: .*${code}.*\\. Pressbox keeps serving ${url}\\.$`)),
          ]),
    ]);
  });

  it('serve reports every mistake of the configuration, and a port in use', async () => {
    const wrong = run(['serve'], { PRESSBOX_PORT: 'many', PRESSBOX_WORKERS: '0' });
    expect(await wrong.code).toBe(1);
    expect(wrong.err).toContain('PRESSBOX_PORT');
    expect(wrong.err).toContain('PRESSBOX_WORKERS');
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
    const { port } = new URL(test.url);
    const taken = run(['serve', '--port', port, '--data-dir', dataDir], { PRESSBOX_LOG_LEVEL: 'silent' });
    expect(await taken.code).toBe(1);
    expect(taken.err).toContain(`PRESSBOX_PORT: port ${port} is in use.`);
    expect(taken.err).toMatch(/demo.*--port/);
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('a failed start', () => {
  it('prints a sentence that names the variable, for the command and for the service', async () => {
    const secret = { PRESSBOX_JWT_SECRET: 'x'.repeat(40) };
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const torn = join(dataDir, 'torn');
    await mkdir(torn);
    await writeFile(join(torn, 'token-secret'), '');
    for (const [variable, wrong] of [
      ['PRESSBOX_PORT', { PRESSBOX_PORT: new URL(test.url).port }],
      ['PRESSBOX_PORT', { PRESSBOX_PORT: 'high' }],
      ['PRESSBOX_HOST', { PRESSBOX_HOST: 'nohost.invalid' }],
      ['PRESSBOX_HOST', { PRESSBOX_HOST: '192.0.2.7' }],
      ['PRESSBOX_HOST', { PRESSBOX_HOST: 'ff02::1' }],
      ['PRESSBOX_TRUST_PROXY', { PRESSBOX_TRUST_PROXY: '0.0.0.0/0' }],
      ['PRESSBOX_DATA_DIR', { PRESSBOX_DATA_DIR: '/dev/null' }],
      ['PRESSBOX_DATA_DIR', { PRESSBOX_DATA_DIR: '/dev/null', ...secret }],
      ['PRESSBOX_DATA_DIR', { PRESSBOX_DATA_DIR: torn }],
      ['PRESSBOX_REDIS_URL', { PRESSBOX_REDIS_URL: 'redis+sentinel://127.0.0.1:1', ...secret }],
      ['PRESSBOX_REDIS_URL', { PRESSBOX_REDIS_URL: 'redis://127.0.0.1:1,redis://127.0.0.1:2', ...secret }],
    ] as const) {
      const given = { PRESSBOX_PORT: '0', PRESSBOX_DATA_DIR: dataDir, PRESSBOX_LOG_LEVEL: 'silent', ...wrong };
      const serve = run(['serve'], given);
      expect([await serve.code, serve.out]).toEqual([1, '']);
      expect(serve.err).toMatch(new RegExp(`\\b${variable}: `));
      const service = await promisify(execFile)(process.execPath, [serviceFile], { env: { ...process.env, ...given } }).catch(
        (error: unknown) => error as { code: number; stderr: string },
      );
      expect(service).toMatchObject({ code: 1, stderr: expect.stringMatching(new RegExp(`\\b${variable}: `)) });
      expect(service.stderr).not.toContain('    at ');
    }
  });
});

/** The number of bytes that a pipe takes or gives at once, or 0 if it would block. */
function atOnce(move: () => number): number {
  try {
    return move();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    return 0;
  }
}
