import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { exportOf, none, plainChannel, plainPost } from '../../support/authors/transfer.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { run } from '../../support/servers/command.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

let directory: string;
let source: TestServer;
let target: TestServer;
const env: { source: Record<string, string>; target: Record<string, string> } = { source: {}, target: {} };
const file = () => join(directory, 'storm.ndjson');
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pressbox-moving-'));
  source = await startTestServer();
  target = await startTestServer();
  env.source = { PRESSBOX_URL: source.url, PRESSBOX_TOKEN: await source.token({ admin: true }) };
  env.target = { PRESSBOX_URL: target.url, PRESSBOX_TOKEN: await target.token({ admin: true }) };
  const client = new AuthorClient({ url: source.url, token: await source.token({ admin: true }) });
  await client.createChannel({ id: 'storm', headline: 'Storm' });
  // More than one part.
  for (let count = 0; count < 30; count += 1) {
    const { post } = await client.publish('storm', { body: `${count} ${'Wind. '.repeat(8_000)}` });
    if (count % 10 === 0) await client.takedown('storm', post.id);
  }
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

describe('pressbox import', () => {
  it('sends a file in parts, and repeats a part that got no answer', async () => {
    expect(await run(['export', 'storm', '--output', file()], env.source).code).toBe(0);
    await using line = await startLine(target.url);
    line.delayMs = 60_000;
    const command = run(['import', file(), '--json'], { ...env.target, PRESSBOX_URL: line.url });
    // The first part is imported, but its answer is lost.
    await vi.waitFor(async () => expect((await target.server.engine.heads(['storm']))[0]?.offset).toBeGreaterThan(15));
    line.delayMs = 0;
    line.cut();
    expect(await command.code).toBe(0);
    const why = command.err.replace(`The server could not be reached: POST ${line.url}/v1/import: `, '');
    expect(why, command.err).toMatch(/^\w[^:\n]*\. Trying again \.\.\.\n$/);
    const { skipped, ...done } = JSON.parse(command.out);
    expect(skipped).toBeGreaterThan(0);
    expect(done.revisions + skipped).toBe(34);
    expect(done).toMatchObject({ conflicting: 0, sameHistory: true });
    expect(await exportOf(target, 'storm')).toBe(await readFile(file(), 'utf8'));
  });

  it('reports what was already there, also for standard input', async () => {
    const command = run(['import', '-'], env.target, { input: await readFile(file(), 'utf8') });
    expect(await command.code).toBe(0);
    expect(command.out).toBe('0 lines of - written: 0 new channels, 0 new posts.\n34 lines already existed.\n');
  });

  it('shows its progress on a terminal only', async () => {
    const command = run(['import', file()], env.target, { terminal: true });
    expect(await command.code).toBe(0);
    const drawn = command.err.split('\r\u001b[K').filter((text) => text !== '');
    expect(drawn[0]).toMatch(/^\[=+>? *\] \d+% · \d+\.\d of \d+\.\d MB · \d+ lines/);
    expect(command.err.endsWith('\r\u001b[K')).toBe(true);
    const quiet = run(['import', file()], env.target);
    expect(await quiet.code).toBe(0);
    expect(quiet.err).toBe('');
  });

  it('names the invalid line in the whole file', async () => {
    const wrong = join(directory, 'wrong.ndjson');
    const good = (await readFile(file(), 'utf8')).trimEnd().split('\n');
    await writeFile(wrong, good.with(32, '{"post":{}}').join('\n'));
    const command = run(['import', wrong], env.target);
    expect(await command.code).toBe(1);
    expect(command.err).toContain('32 lines already existed.\nThen it stopped. Repeat the command to continue.\n');
    expect(command.err).toContain('  line 33\n');
    const json = run(['import', wrong, '--json'], env.target);
    expect(await json.code).toBe(1);
    expect(JSON.parse(json.err)).toMatchObject({ code: 'invalid-body', line: 33, imported: { ...none, skipped: 32 } });
  });

  it('reports what was imported before an invalid line, also in the first part', async () => {
    const lines = [{ channel: plainChannel('half-way') }, { post: {} }].map((line) => JSON.stringify(line)).join('\n');
    const command = run(['import', '-'], env.target, { input: lines });
    expect(await command.code).toBe(1);
    expect(command.err).toContain('1 line of - written: 1 new channel, 0 new posts.\n');
    expect(command.err).toContain('Then it stopped. Repeat the command to continue.\n');
    expect(command.err).toContain('  line 2\n');
  });

  it('exits with 1 if there is no line, as after a failed export', async () => {
    for (const input of ['', '\n\n']) {
      const command = run(['import', '-'], env.target, { input });
      expect([await command.code, command.out, command.err]).toEqual([1, '', 'pressbox: It contains no line of an export.\n']);
    }
  });

  it('exits with 1 and names the line if someone else wrote to the channel during the import', async () => {
    const post = plainPost('meanwhile');
    const lines = [
      { channel: plainChannel('meanwhile') },
      { post, revision: { at: post.publishedAt, by: 'ruth' } },
      { post: { ...post, body: 'Other.' }, revision: { at: post.publishedAt, by: 'ruth' } },
    ];
    const command = run(['import', '-'], env.target, { input: lines.map((line) => JSON.stringify(line)).join('\n') });
    expect(await command.code).toBe(1);
    expect(command.out).toContain('1 line skipped, because the server has something else in its place:\n');
    expect(command.out).toContain(`  line 3: meanwhile, post ${post.id}, revision 1. `);
  });

  it('exits with 1 if the file or the right is missing, and with 2 for wrong usage', async () => {
    const missing = run(['import', join(directory, 'none.ndjson')], env.target);
    expect(await missing.code).toBe(1);
    expect(missing.err).toMatch(/none\.ndjson: ENOENT/);
    expect(missing.err).toMatch(/^pressbox: \S+none\.ndjson: ENOENT: no such file or directory\n$/);
    const folder = run(['import', directory], env.target);
    expect(await folder.code).toBe(1);
    expect(folder.err).toContain(`pressbox: ${directory}: EISDIR`);
    const editor = await target.token({ editor: ['*'] });
    const refused = run(['import', file()], { ...env.target, PRESSBOX_TOKEN: editor });
    expect(await refused.code).toBe(1);
    expect(refused.err).toContain('The token does not permit this.');
    expect(await run(['import'], env.target).code).toBe(2);
  });
});
