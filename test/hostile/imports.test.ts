import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/protocol/wire-limits.ts';
import { type AttackedServer, secretWord, startAttackedServer } from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';

/** Malformed or endless lines of an import: the error names the line, nothing of the line is imported, and memory stays small. */

let server: AttackedServer;
let admin: string;

beforeAll(async () => {
  server = await startAttackedServer();
  admin = await server.token({ admin: true });
  await createChannel(server, admin, { id: 'moon', headline: secretWord });
  await publish(server, admin, 'moon', { body: secretWord });
});
afterAll(() => server[Symbol.asyncDispose]());

async function send(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.url}/v1/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/x-ndjson', ...headers },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

async function expectRefused(status: number, body: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<string> {
  const before = await server.state();
  const answer = await send(body, headers);
  expect([answer.status, answer.text]).toEqual([status, expect.stringContaining('"code"')]);
  expect(answer.text).not.toContain(secretWord);
  expect(await server.state()).toBe(before);
  return answer.text;
}

describe('an import refuses a malformed line with its number', () => {
  it.each(
    Object.entries({
      'that is not JSON': '{',
      'that is not an object': '[1]',
      'that is not UTF-8': '{"a":"\u00ff',
      'with unknown fields': `{"secret":"${secretWord}"}`,
      'with a field twice': '{"channel":{},"channel":{}}',
      'with names that are special in JavaScript': '{"__proto__":{"channel":{}},"constructor":1}',
      'that is nested too deeply': `{"channel":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
      'of NUL characters': '\0\0\0\0',
    }),
  )('%s', async (what, line) => {
    const bytes = new Uint8Array(Buffer.from(line, what === 'that is not UTF-8' ? 'latin1' : 'utf8'));
    expect(await expectRefused(400, bytes)).toContain('"line":1');
    expect(await expectRefused(400, new Uint8Array([...Buffer.from('\n\n'), ...bytes]))).toContain('"line":3');
  });

  it('above 1 MiB, before all of it arrives', async () => {
    const bomb = gzipSync(Buffer.alloc(64_000_000, '['));
    const rss = process.memoryUsage.rss();
    const said = await expectRefused(413, new Uint8Array(bomb), { 'content-encoding': 'gzip' });
    expect(said).toContain('"line":1');
    expect(process.memoryUsage.rss() - rss).toBeLessThan(50_000_000);
  });

  it('in an unknown encoding', async () => {
    await expectRefused(400, 'not packed', { 'content-encoding': 'gzip' });
    await expectRefused(415, '{}', { 'content-encoding': 'gzip, gzip' });
  });
});

it('an import skips blank lines up to a bound, whatever their line ending', async () => {
  const before = await server.state();
  const { importBlankLines: most } = limits;
  for (const blank of ['\n', '\r\n']) {
    expect((await send(blank.repeat(most))).status).toBe(200);
    expect(await expectRefused(413, blank.repeat(most + 1))).toContain(`"line":${most + 1}`);
  }
  expect(await server.state()).toBe(before);
});

it('an import refuses endless blank lines early, and keeps none in memory', async () => {
  const rss = process.memoryUsage.rss();
  await expectRefused(413, new Uint8Array(gzipSync(Buffer.alloc(8_000_000, '\n'))), { 'content-encoding': 'gzip' });
  expect(process.memoryUsage.rss() - rss).toBeLessThan(50_000_000);
});

it('the log contains no token and no post text', () => server.expectCleanLog());
