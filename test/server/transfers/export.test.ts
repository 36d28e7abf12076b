import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import type { JournalLine } from '../../../src/protocol/model.ts';
import { openSampleDay, playSampleDay } from '../../support/authors/play-sample-day.ts';
import { markOf, sampleDay } from '../../support/samples/sample-day.ts';
import { run } from '../../support/servers/command.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startSite } from '../../support/servers/site.ts';
import { appended, createChannel, type PostState, publication, samplePost, takedown } from '../../support/stores/engines.ts';

const bin = fileURLToPath(new URL('../../../bin/pressbox.mjs', import.meta.url));
const day = sampleDay(11, { posts: 40, changes: 80 });
const channelId = day.channel.id;

let server: TestServer;
let editor: string;
beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token({ editor: ['*'], admin: true });
  const client = new AuthorClient({ url: server.url, token: editor });
  await openSampleDay(client, day);
  await playSampleDay(client, day, day.commands);
});
/** Opens a channel whose export is larger than the buffers between a server and a client that does not read. */
async function openMuch({ server: { engine } }: TestServer): Promise<PostState[]> {
  await createChannel(engine, 'much');
  const posts = Array.from({ length: 300 }, (_, nth) => ({
    ...samplePost('much'),
    body: `${nth} ${'Secret '.repeat(7_000)}`,
    html: '',
  }));
  await Promise.all(posts.map((post) => appended(engine, 'much', [publication(post)])));
  return posts;
}

afterAll(() => server[Symbol.asyncDispose]());

function ended(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { env }, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
  });
}

const exported = (id = channelId, token?: string, method = 'GET') =>
  call(`${server.url}/v1/channels/${id}/export`, { method, ...(token !== undefined && { token }) });

interface Line {
  post?: { id: string; revision: number; body?: string };
  channel?: { revision: number };
  revision: { offset: number; type: string; at: string; by: string; check: string; salt?: string; content?: string };
}

async function underWay(count: number, { url }: TestServer = server): Promise<void> {
  await vi.waitFor(async () => {
    const { text } = await call(`${url}/metrics`);
    expect(text).toContain(`pressbox_transfers{kind="exports"} ${count}\n`);
  });
}

/** A client that requests an export and reads nothing until the test tells it to. */
async function slowClient({ url, basePath }: TestServer, token: string, version: string) {
  const { hostname: host, port } = new URL(url);
  const client = connect({ port: Number(port), host });
  let error: Error | undefined;
  client.on('error', (why) => {
    error = why;
  });
  await once(client, 'connect');
  client.pause();
  const headers = [`Host: ${host}:${port}`, `Authorization: Bearer ${token}`, 'Connection: close'];
  client.write(`GET ${basePath}/v1/channels/much/export ${version}\r\n${headers.join('\r\n')}\r\n\r\n`);
  return async () => {
    let received = '';
    client.on('data', (chunk) => {
      received += chunk.toString();
    });
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.resume();
    await closed;
    return { error, received };
  };
}

describe('an export', () => {
  let many: PostState[];
  beforeAll(async () => {
    many = await openMuch(server);
  });

  it('requires an editor of the channel', async () => {
    expect(await exported()).toMatchObject({ status: 401, body: { code: 'token-missing' } });
    const author = await server.token({ author: ['*'] });
    expect(await exported(channelId, author)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await exported('nothing-here', editor)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    await createChannel(server.server.engine, 'gone');
    await call(`${server.url}/v1/channels/gone`, { method: 'DELETE', token: editor });
    expect(await exported('gone', editor)).toMatchObject({ status: 410, body: { code: 'channel-deleted' } });
  });

  it('has a line for each journal entry in order, with its text unless that was erased', async () => {
    const answer = await exported(channelId, editor);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    const lines = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const entries: JournalLine[] = [];
    for (let more = true; more; ) {
      const page = await call(`${server.url}/v1/channels/${channelId}/journal?from=${entries.length + 1}&limit=100`, {
        token: editor,
      });
      const body = page.body as { entries: JournalLine[]; more: boolean };
      entries.push(...body.entries);
      more = body.more;
    }
    expect(
      lines.map(({ post, channel, revision: { offset, type, at, by, check } }) => [
        offset,
        type,
        post?.id ?? null,
        (post ?? channel)?.revision,
        at,
        by,
        check,
      ]),
    ).toEqual(
      entries.map(({ offset, type, postId, revision, at, by, check }) => [offset, type, postId, revision, at, by, check]),
    );
    let erased = 0;
    for (const { post, revision } of lines) {
      if (post === undefined) continue;
      const kept = await call(
        `${server.url}/v1/channels/${channelId}/posts/${post.id}/revisions?after=${post.revision - 1}&limit=1`,
        { token: editor },
      );
      const [past] = (kept.body as { revisions: { revision: number; body: string }[] }).revisions;
      if (past?.revision === post.revision) expect(post.body).toBe(past.body);
      else {
        erased += 1;
        expect(post).toEqual({ id: post.id, channelId, revision: post.revision });
        expect(revision).not.toHaveProperty('salt');
        expect(answer.text).not.toContain(markOf(post.id, post.revision));
      }
    }
    expect(erased).toBeGreaterThan(5);
  });

  it('answers HEAD without a body', async () => {
    expect(await exported(channelId, editor, 'HEAD')).toMatchObject({ status: 200, text: '' });
  });

  it('is refused with a retry delay while a few others run, half of them to one author', async () => {
    const stop = new AbortController();
    // Kept, because `fetch` closes the connection of an unread answer once the answer is collected as garbage.
    const unread: Response[] = [];
    const open = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${server.url}/v1/channels/much/export`, { headers, signal: stop.signal });
      unread.push(answer);
      return answer.status;
    };
    const other = await server.token({ editor: ['*'] }, { sub: 'ruth' });
    expect([await open(editor), await open(editor)]).toEqual([200, 200]);
    const own = await exported('much', editor);
    expect(own).toMatchObject({ status: 429, body: { code: 'rate-limited', detail: expect.stringContaining('one author') } });
    expect([await open(other), await open(other)]).toEqual([200, 200]);
    const refused = await exported('much', await server.token({ editor: ['*'] }, { sub: 'grace' }));
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
    expect(refused.headers.get('retry-after')).toBe('10');
    stop.abort();
    await underWay(0);
    expect(unread).toHaveLength(4);
  });

  it('sends no text that was erased while it waited for a slow client, and closes the connection', async () => {
    const { engine } = server.server;
    const taken = await slowClient(server, editor, 'HTTP/1.1');
    // The kernel's buffers fill, then the export waits.
    await underWay(1);
    for (const post of many) await appended(engine, 'much', [takedown(post)]);
    const { error, received } = await taken();
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(received).not.toContain(`"299 Secret`);
    expect(received).not.toContain('post.taken-down');
    await underWay(0);
  });

  it('contains nothing of a text that is erased while it is read', async () => {
    const { engine } = server.server;
    await createChannel(engine, 'read');
    const post = { ...samplePost('read'), body: 'Erased meanwhile', html: '' };
    await appended(engine, 'read', [publication(post)]);
    const { entries } = engine;
    const reading = vi.spyOn(engine, 'entries').mockImplementationOnce(async (...asked) => {
      const read = await entries.apply(engine, asked);
      await appended(engine, 'read', [takedown(post)]);
      return read;
    });
    const { text } = await exported('read', editor);
    reading.mockRestore();
    expect(text).toContain('post.taken-down');
    expect(text).not.toContain('Erased meanwhile');
  });

  it('is closed if its client reads nothing for a while', async () => {
    // More than the kernel's buffers. The test before erased the earlier posts.
    await using own = await startTestServer();
    await openMuch(own);
    const token = await own.token({ editor: ['*'] });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const taken = await slowClient(own, token, 'HTTP/1.1');
      await underWay(1, own);
      // The kernel's buffers fill.
      const clock = setInterval(() => vi.advanceTimersByTime(liveLimits.stallMs), 100);
      await underWay(0, own).finally(() => clearInterval(clock));
      expect(await taken()).toMatchObject({ error: { code: 'ECONNRESET' } });
    } finally {
      vi.useRealTimers();
    }
  });

  it('is cut if it cannot continue, so that it does not look complete, even in HTTP/1.0', async () => {
    await using own = await startTestServer();
    await openMuch(own);
    const taken = await slowClient(own, await own.token({ editor: ['*'] }), 'HTTP/1.0');
    await underWay(1, own);
    await own.server.engine.close();
    const { error, received } = await taken();
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received).not.toContain(`"299 Secret`);
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('pressbox export', () => {
  const env = () => ({ PRESSBOX_URL: server.url, PRESSBOX_TOKEN: editor });

  it('writes a file that appears once it is complete, or standard output', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-export-'));
    try {
      const file = join(directory, 'day.ndjson');
      const command = run(['export', channelId, '--output', file], env());
      expect(await command.code).toBe(0);
      const { text } = await exported(channelId, editor);
      expect(await readFile(file, 'utf8')).toBe(text);
      // Only the owner may read the file, since it contains everything that a backup does.
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(command.err).toBe(`${text.split('\n').length - 1} lines were written to ${file}.\n`);
      const running = run(['export', channelId, '--output', file, '--json'], env());
      expect(await running.code).toBe(0);
      const counts = { lines: text.split('\n').length - 1, bytes: Buffer.byteLength(text) };
      expect([JSON.parse(running.out), running.err]).toEqual([{ channelId, file, ...counts }, '']);
      const piped = run(['export', channelId], env());
      expect(await piped.code).toBe(0);
      expect(piped).toMatchObject({ out: text, err: '' });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes every channel to a folder, and when repeated only those that have changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-export-all-'));
    await using own = await startTestServer();
    const token = await own.token({ admin: true });
    const client = new AuthorClient({ url: own.url, token });
    const ids = Array.from({ length: 103 }, (_, nth) => `channel-${nth}`);
    for (const id of ids) await client.createChannel({ id, headline: 'Storm', access: id === 'channel-7' ? 'desk' : 'public' });
    const { post } = await client.publish('channel-3', { body: 'word word' });
    // Longer than what is read first to find the last line.
    await client.publish('channel-4', { body: 'wö€d '.repeat(9_000) });
    const exportAll = async (...more: string[]) => {
      const command = run(['export', '--all', folder, ...more], { PRESSBOX_URL: own.url, PRESSBOX_TOKEN: token });
      return { code: await command.code, out: command.out, err: command.err };
    };
    try {
      expect(await exportAll()).toEqual({ code: 0, out: '', err: `103 of 103 channels were written to ${folder}.\n` });
      expect((await readdir(folder)).toSorted()).toEqual(ids.map((id) => `${id}.ndjson`).toSorted());
      const file = join(folder, 'channel-3.ndjson');
      expect(await readFile(file, 'utf8')).toBe((await call(`${own.url}/v1/channels/channel-3/export`, { token })).text);
      expect((await stat(file)).mode & 0o777).toBe(0o600);

      // An interrupted export leaves no file, and a cut one is no export.
      await rm(join(folder, 'channel-1.ndjson'));
      await writeFile(join(folder, 'channel-2.ndjson'), '{"channel":');
      await client.takedown('channel-3', post.id);
      await client.deleteChannel('channel-5');
      const { code, out, err } = await exportAll('--json');
      expect(code, err).toBe(0);
      const told = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { channelId: string; unchanged?: true });
      expect(told).toHaveLength(102);
      const written = told.filter(({ unchanged }) => unchanged === undefined);
      expect(written.map(({ channelId: id }) => id).toSorted()).toEqual(['channel-1', 'channel-2', 'channel-3']);
      expect(await readFile(file, 'utf8')).not.toContain('word word');
      expect(err).toContain(`  ${join(folder, 'channel-5.ndjson')}\n`);
      expect((await exportAll()).err).toContain(`0 of 102 channels were written to ${folder}. 102 had not changed.\n`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('exports the other channels if one cannot be exported, and names it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-export-all-'));
    await using own = await startTestServer();
    const token = await own.token({ admin: true });
    const client = new AuthorClient({ url: own.url, token });
    for (const id of ['first', 'second', 'third']) await client.createChannel({ id, headline: 'Storm' });
    const file = join(folder, 'second.ndjson');
    try {
      // A folder in its place cannot be replaced by a file.
      await mkdir(join(file, 'inside'), { recursive: true });
      const exportAll = async (...more: string[]) => {
        const command = run(['export', '--all', folder, ...more], { PRESSBOX_URL: own.url, PRESSBOX_TOKEN: token });
        return { code: await command.code, out: command.out, err: command.err };
      };
      const { code, err } = await exportAll();
      expect(code).toBe(1);
      expect(err).toContain(`second:\npressbox: ${file}: `);
      expect(err).toContain(`2 of 3 channels were written to ${folder}.\n`);
      expect(err).toMatch(/These channels could not be exported:\n {2}second\n$/);
      expect(await readFile(join(folder, 'first.ndjson'), 'utf8')).toContain('"id":"first"');
      const { out } = await exportAll('--json');
      expect(out).toContain(`${JSON.stringify({ channelId: 'second', file, failed: true })}\n`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the channels that the token does not permit to export', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-export-all-'));
    await using own = await startTestServer();
    const token = await own.token({ admin: true });
    const client = new AuthorClient({ url: own.url, token });
    for (const id of ['first', 'second', 'third']) await client.createChannel({ id, headline: 'Storm' });
    try {
      const editor = await own.token({ editor: ['first'] });
      const command = run(['export', '--all', folder], { PRESSBOX_URL: own.url, PRESSBOX_TOKEN: editor });
      expect(await command.code).toBe(1);
      expect(command.err).toContain('These channels could not be exported:\n  third\n  second\n');
      expect(await readdir(folder)).toEqual(['first.ndjson']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('needs a channel or --all, and not both', async () => {
    for (const argv of [[], [channelId, '--all', 'exports'], ['--all', 'exports', '--output', 'file']]) {
      const command = run(['export', ...argv], env());
      expect(await command.code).toBe(2);
      expect(command.err).toContain('Name a channel, or --all and a folder without --output.');
    }
  });

  it('reports a full disk', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-export-'));
    try {
      const file = join(directory, 'day.ndjson');
      await symlink('/dev/full', file);
      const command = run(['export', channelId, '--output', file], env());
      expect(await command.code).toBe(1);
      expect(command.err).toMatch(`pressbox: ${file}: ENOSPC`);
      expect(await readdir(directory)).toEqual(['day.ndjson']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('leaves an existing file unchanged if the new one cannot be completed, and no other file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-export-'));
    try {
      const file = join(directory, 'day.ndjson');
      await writeFile(file, 'Of yesterday.');
      // A file size limit of four kilobytes acts like a disk that fills up midway.
      const limited = ['-c', 'ulimit -f 4 && exec "$0" "$@"', process.execPath, bin, 'export', channelId, '--output', file];
      const { code, stderr } = await ended('bash', limited, { ...process.env, ...env() });
      expect([code, stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
      expect(await readdir(directory)).toEqual(['day.ndjson']);
      expect(await readFile(file, 'utf8')).toBe('Of yesterday.');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('leaves an existing file unchanged if the server refuses, and no other file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-export-'));
    try {
      const file = join(directory, 'day.ndjson');
      await writeFile(file, 'Of yesterday.');
      const command = run(['export', 'nothing-here', '--output', file], env());
      expect(await command.code).toBe(1);
      expect(command.err).toContain('There is no channel with this id');
      expect(await readdir(directory)).toEqual(['day.ndjson']);
      expect(await readFile(file, 'utf8')).toBe('Of yesterday.');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes to a device without replacing it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-export-'));
    try {
      const file = join(directory, 'null');
      await symlink('/dev/null', file);
      const command = run(['export', channelId, '--output', file], env());
      expect([await command.code, command.err]).toEqual([0, expect.stringContaining(`lines were written to ${file}.`)]);
      expect(await readlink(file)).toBe('/dev/null');
      expect(await readdir(directory)).toEqual(['null']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes a complete file even if another export writes to the same one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-export-'));
    const { text } = await exported(channelId, editor);
    const half = text.length / 2;
    const answers: ServerResponse[] = [];
    await using slow = await startSite((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(text.slice(0, half));
      answers.push(response);
    });
    try {
      const file = join(directory, 'day.ndjson');
      const written = async (bytes: number) => {
        const files = await readdir(directory);
        const sizes = await Promise.all(files.map(async (name) => (await stat(join(directory, name))).size));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
      };
      const first = run(['export', channelId, '--output', file, '--url', slow.url], env());
      await vi.waitFor(() => written(Buffer.byteLength(text.slice(0, half))));
      const second = run(['export', channelId, '--output', file, '--url', slow.url], env());
      await vi.waitFor(() => expect(answers).toHaveLength(2));
      answers[1]?.destroy();
      await vi.waitFor(() => expect(second.err).toContain('Trying again'));
      answers[0]?.end(text.slice(half));
      expect(await first.code).toBe(0);
      expect(await readFile(file, 'utf8')).toBe(text);
      second.interrupt();
      expect(await second.code).toBe(1);
      expect(await readFile(file, 'utf8')).toBe(text);
      expect(await readdir(directory)).toEqual(['day.ndjson']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
