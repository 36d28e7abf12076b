import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { exportOf } from '../../support/authors/transfer.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { movie } from '../../support/samples/movies.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { openShell } from '../../support/servers/shell.ts';
import { createChannel, publish } from '../../support/stores/engines.ts';

const root = join(import.meta.dirname, '../../..');
const pages = await Promise.all(['moving', 'verifying'].map((name) => readFile(join(root, `docs/guides/${name}.md`), 'utf8')));
const commands = [...pages.join('').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, lines]) => lines ?? '');

describeWith(needs.curl, 'docs/guides/moving.md and docs/guides/verifying.md', () => {
  let server: TestServer;
  let other: TestServer;
  let folder: string;
  const printed: string[] = [];
  /** All commands of the page in order. */
  beforeAll(async () => {
    server = await startTestServer();
    other = await startTestServer();
    await createChannel(server.server.engine, 'moon-landing');
    const author = new AuthorClient({ url: server.url, token: await server.token() });
    const { url } = await author.uploadMedia('moon-landing', new Uint8Array(movie()), 'video/mp4');
    await author.publish('moon-landing', { body: 'The Eagle has landed.', media: [{ type: 'video', url }] });
    await createChannel(server.server.engine, 'harbour-fire');
    const post = await publish(server.server.engine, 'harbour-fire', { body: 'A name: Xylander.' });
    folder = await mkdtemp(join(tmpdir(), 'pressbox-docs-'));
    // Replaces the command that `npx` finds.
    await mkdir(join(folder, 'bin'));
    const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, 'bin/pressbox.mjs')}' "$@"\n`;
    await writeFile(join(folder, 'bin/npx'), npx, { mode: 0o755 });
    await symlink(server.dataDir, join(folder, 'data'));
    await using shell = openShell(folder, {
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      HOME: folder,
      PRESSBOX_URL: server.url,
      PRESSBOX_TOKEN: await server.token({ admin: true }),
      POST: post.id,
      OTHER_URL: other.url,
      OTHER_TOKEN: await other.token({ admin: true }),
    });
    for (const lines of commands) printed.push(await shell.run(lines));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('exports a channel in three ways', async () => {
    const text = await exportOf(server, 'moon-landing');
    expect(await readFile(join(folder, 'moon-landing.ndjson'), 'utf8')).toBe(text);
    expect(gunzipSync(await readFile(join(folder, 'moon-landing.ndjson.gz'))).toString()).toBe(text);
    expect(await readFile(join(folder, 'copy.ndjson'), 'utf8')).toBe(text);
  });

  it('imports it elsewhere with the same history', async () => {
    expect(printed[1]).toBe('2 lines of moon-landing.ndjson written: 1 new channel, 1 new post.\n');
    expect(await exportOf(other, 'moon-landing')).toBe(await exportOf(server, 'moon-landing'));
  });

  it('moves a channel with its uploads', async () => {
    const [upload] = (await readFile(join(folder, 'uploads/moon-landing/uploads.ndjson'), 'utf8')).split('\n');
    const { id, files } = JSON.parse(upload ?? '');
    expect(files).toMatchObject([{ name: 'video.mp4', sha256: expect.any(String) }]);
    expect(printed[2]).toContain('1 upload sent.');
    expect((await fetch(`${other.url}/media/moon-landing/${id}/video.mp4`)).status).toBe(200);
  });

  it('imports posts of another system', async () => {
    const { body } = await call(`${server.url}/v1/channels/eclipse-1999/posts`);
    expect(body).toMatchObject({
      posts: [{ publishedAt: '1999-08-11T10:11:00.000Z', html: expect.stringContaining('Cornwall') }],
    });
  });

  it('verifies a server, a directory and a file, and compares with an earlier output', async () => {
    expect(printed[4]?.match(/^ok {2}/gm)).toHaveLength(13);
    const [line] = (await readFile(join(folder, 'verified.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({ channelId: 'moon-landing', entries: 2, fault: null });
  });

  it('proves that a text was erased, when and by whom', async () => {
    const text = await readFile(join(folder, 'erased.json'), 'utf8');
    expect(text).not.toContain('Xylander');
    const [answer, verified, ...revisions] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answer.erasure).toEqual({ complete: true, pending: [] });
    expect(verified).toMatchObject({ channelId: 'harbour-fire', erased: 1, fault: null });
    expect(revisions.map(({ revision }) => [revision.type, typeof revision.at, typeof revision.by])).toEqual([
      ['post.published', 'string', 'string'],
      ['post.taken-down', 'string', 'string'],
    ]);
  });
});
