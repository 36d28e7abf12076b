import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { openMediaDirectory } from '../../../src/media/media-directory.ts';
import { Renderer } from '../../../src/media/renderer.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { movie } from '../../support/samples/movies.ts';
import { patient } from '../../support/samples/uploads.ts';
import { run } from '../../support/servers/command.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer } from '../../support/servers/server.ts';
import { type Site, startSite } from '../../support/servers/site.ts';
import { startRedis } from '../../support/stores/redis.ts';

/** `pressbox archive`: exports channels that ended, and deletes them from the server. */

interface Newsroom {
  url: string;
  token: string;
  author: AuthorClient;
  command(...argv: string[]): Promise<{ code: number; out: string; err: string }>;
}

function newsroomAt(url: string, token: string): Newsroom {
  return {
    url,
    token,
    author: new AuthorClient({ url, token }),
    async command(...argv) {
      const running = run(argv, { PRESSBOX_URL: url, PRESSBOX_TOKEN: token });
      return { code: await running.code, out: running.out, err: running.err };
    },
  };
}

async function startNewsroom(): Promise<Newsroom> {
  const mediaFolder = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  const media = await openMediaDirectory(mediaFolder, { isShared: false, renderer: new Renderer(patient) });
  const server = await startTestServer({}, { media });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await media.close();
    await rm(mediaFolder, { recursive: true, force: true });
  });
  return newsroomAt(server.url, await server.token({ editor: ['*'], admin: true }));
}

async function exportOf({ url, token }: Newsroom, id: string): Promise<string> {
  return (await call(`${url}/v1/channels/${id}/export`, { token })).text;
}

/** A channel with one post, which ended. */
async function endedChannel({ author }: Newsroom, id: string): Promise<{ postId: string }> {
  await author.createChannel({ id, headline: 'Storm', state: 'live' });
  const { post } = await author.publish(id, { body: 'The pier is closed.' });
  await author.updateChannel(id, '*', { state: 'ended' });
  return { postId: post.id };
}

/** Passes requests on to a server. `onDelete` decides what happens to a deletion. */
function startFront(
  { url }: Newsroom,
  onDelete: (passOn: () => Promise<Response>) => Promise<Response | undefined>,
): Promise<Site> {
  return startSite(async (request, response) => {
    const names = ['authorization', 'idempotency-key', 'accept'];
    const headers = names.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, String(request.headers[name])]]));
    const { method = 'GET' } = request;
    const passOn = () => fetch(`${url}${request.url}`, { method, headers: headers as [string, string][] });
    const answer = await (method === 'DELETE' ? onDelete(passOn) : passOn());
    if (answer === undefined) return;
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
}

/** Runs the command in a process of its own and kills it once a deletion arrives. `passesOn`: after the server was asked. */
async function archiveKilledAtDeletion(newsroom: Newsroom, folder: string, { passesOn }: { passesOn: boolean }): Promise<void> {
  let kill = () => {};
  await using front = await startFront(newsroom, async (passOn) => {
    if (passesOn) expect((await passOn()).status).toBe(204);
    kill();
    return undefined;
  });
  const argv = [join(root, 'bin/pressbox.mjs'), 'archive', '--after', '0d', '--to', folder, '--yes'];
  const env = { ...process.env, PRESSBOX_URL: front.url, PRESSBOX_TOKEN: newsroom.token };
  const child = spawn(process.execPath, argv, { env, stdio: 'ignore' });
  kill = () => child.kill('SIGKILL');
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
}

let folder: string;
const archiveNow = () => ['archive', '--after', '0d', '--to', folder, '--yes'];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pressbox-archive-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

describe('pressbox archive', () => {
  it('exports channels that ended with their uploads, deletes them, and leaves all others', async () => {
    const newsroom = await startNewsroom();
    const { author, url } = newsroom;
    await author.createChannel({ id: 'live', headline: 'Storm', state: 'live' });
    await author.createChannel({ id: 'planned', headline: 'Storm', state: 'scheduled' });
    await author.createChannel({ id: 'storm', headline: 'Storm', state: 'live' });
    const samples = movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from('the samples of the siren') });
    const sound = await author.uploadMedia('storm', new Uint8Array(samples), 'audio/mp4');
    await author.publish('storm', { body: 'Listen.', media: [{ type: 'link', url: sound.url, title: 'Siren' }] });
    await author.updateChannel('storm', '*', { state: 'ended' });
    const text = await exportOf(newsroom, 'storm');

    const early = await newsroom.command('archive', '--after', '1h', '--to', folder, '--yes');
    expect(early).toEqual({ code: 0, out: '', err: 'No channel ended long enough ago.\n' });
    const rehearsed = await newsroom.command('archive', '--after', '0d', '--to', folder, '--dry-run');
    expect([rehearsed.code, rehearsed.out]).toEqual([0, expect.stringMatching(/^storm {2}last changed \S+Z {2}Storm\n$/)]);
    expect((await newsroom.command('archive', '--after', '0d', '--to', folder)).code).toBe(2);
    expect((await call(`${url}/v1/channels/storm`)).status).toBe(200);

    const metrics = join(folder, 'pressbox-archive.prom');
    const { code, out } = await newsroom.command(...archiveNow(), '--json', '--metrics', metrics);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ channelId: 'storm', archived: true, folder: join(folder, 'storm'), uploads: 1 });
    const measured = await readFile(metrics, 'utf8');
    expect(measured).toMatch(/^pressbox_archive_channels 1$/m);
    expect(measured).toMatch(/^pressbox_archive_failures 0$/m);
    for (const path of ['/v1/channels/storm', '/live/storm']) expect((await call(`${url}${path}`)).status, path).toBe(410);
    const left = (await author.listChannels()).channels.map(({ id }) => id);
    expect(left.toSorted()).toEqual(['live', 'planned']);

    const [file, uploads] = [join(folder, 'storm/storm.ndjson'), join(folder, 'storm/uploads')];
    expect(await readFile(file, 'utf8')).toBe(text);
    const refused = await newsroom.command('import', file);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('This channel was deleted.')]);
    const other = await startNewsroom();
    expect((await other.command('import', file, '--media', uploads)).code).toBe(0);
    expect(await exportOf(other, 'storm')).toBe(text);
    // It came back today, so it is not old.
    expect((await other.command('archive', '--after', '1h', '--to', `${folder}-other`, '--yes')).err).toContain('No channel');
    await rm(`${folder}-other`, { recursive: true });
  });

  it('leaves a channel that is changed after its export', async () => {
    const newsroom = await startNewsroom();
    const { postId } = await endedChannel(newsroom, 'storm');
    await using front = await startFront(newsroom, async (passOn) => {
      await newsroom.author.takedown('storm', postId);
      return await passOn();
    });
    const { code, err } = await newsroomAt(front.url, newsroom.token).command(...archiveNow());
    expect([code, err]).toEqual([0, expect.stringContaining('storm was changed in the meantime, and stays on the server.')]);
    expect(await readdir(folder)).toEqual(['archive.lock']);
    expect((await call(`${newsroom.url}/v1/channels/storm`)).status).toBe(200);
    expect((await newsroom.command(...archiveNow())).code).toBe(0);
    expect(await readFile(join(folder, 'storm/storm.ndjson'), 'utf8')).not.toContain('The pier is closed.');
  });

  it('leaves the folder to a command that works in it', async () => {
    const newsroom = await startNewsroom();
    await endedChannel(newsroom, 'storm');
    let second: Awaited<ReturnType<Newsroom['command']>> | undefined;
    await using front = await startFront(newsroom, async (passOn) => {
      second = await newsroom.command(...archiveNow());
      return await passOn();
    });
    expect((await newsroomAt(front.url, newsroom.token).command(...archiveNow())).code).toBe(0);
    expect([second?.code, second?.err]).toEqual([1, `pressbox: Another pressbox archive works in ${folder}.\n`]);
    expect((await readdir(folder)).toSorted()).toEqual(['archive.lock', 'storm']);
  });

  it('keeps no copy of a channel that somebody else deletes at the same time', async () => {
    const newsroom = await startNewsroom();
    await endedChannel(newsroom, 'storm');
    await using front = await startFront(newsroom, async (passOn) => {
      await newsroom.author.deleteChannel('storm');
      return await passOn();
    });
    expect((await newsroomAt(front.url, newsroom.token).command(...archiveNow())).code).toBe(0);
    expect(await readdir(folder)).toEqual(['archive.lock']);
  });

  it('finishes a channel that was deleted just before the command was killed', async () => {
    const newsroom = await startNewsroom();
    await endedChannel(newsroom, 'storm');
    const text = await exportOf(newsroom, 'storm');
    await archiveKilledAtDeletion(newsroom, folder, { passesOn: true });
    expect((await readdir(folder)).toSorted()).toEqual(['archive.lock', 'storm.part']);
    expect((await call(`${newsroom.url}/v1/channels/storm`)).status).toBe(410);
    const { code, out } = await newsroom.command(...archiveNow());
    expect([code, out]).toEqual([0, `Archived storm to ${join(folder, 'storm')}.\n`]);
    expect(await readFile(join(folder, 'storm/storm.ndjson'), 'utf8')).toBe(text);
  });

  it('begins again with a channel whose deletion never reached the server', async () => {
    const newsroom = await startNewsroom();
    await endedChannel(newsroom, 'storm');
    await archiveKilledAtDeletion(newsroom, folder, { passesOn: false });
    // The request might still be on its way.
    const { code, err } = await newsroom.command(...archiveNow());
    expect([code, err]).toEqual([1, expect.stringContaining('may be under way')]);
    expect((await call(`${newsroom.url}/v1/channels/storm`)).status).toBe(200);
    const note = join(folder, 'storm.part/deletion.json');
    const sent = JSON.parse(await readFile(note, 'utf8')) as object;
    await writeFile(note, JSON.stringify({ ...sent, sentAt: new Date(Date.now() - 3_600_000).toISOString() }));
    // Not due any more: the copy goes, the channel stays.
    expect((await newsroom.command('archive', '--after', '1h', '--to', folder, '--yes')).code).toBe(0);
    expect(await readdir(folder)).toEqual(['archive.lock']);
    expect((await newsroom.command(...archiveNow())).code).toBe(0);
    expect((await call(`${newsroom.url}/v1/channels/storm`)).status).toBe(410);
  });

  it('names a channel that cannot be archived, leaves it on the server, and archives the others', async () => {
    const newsroom = await startNewsroom();
    for (const id of ['first', 'second', 'third']) await endedChannel(newsroom, id);
    await mkdir(join(folder, 'second'));
    const { code, err } = await newsroom.command(...archiveNow());
    expect(code).toBe(1);
    expect(err).toContain(`second:\npressbox: ${join(folder, 'second')} exists already.`);
    expect(err).toContain('2 channels were archived. 1 channel could not be archived.\n');
    expect((await newsroom.author.listChannels()).channels.map(({ id }) => id)).toEqual(['second']);
  });

  it('needs an administrator', async () => {
    const newsroom = await startNewsroom();
    await endedChannel(newsroom, 'storm');
    const { code, err } = await newsroomAt(newsroom.url, '').command(...archiveNow());
    expect([code, err]).toEqual([1, expect.stringContaining('This request needs a token')]);
  });
});

describeWith(needs.redis, 'pressbox archive on Redis', (binary) => {
  it('deletes only channels that have not changed since their export', async () => {
    await using redis = await startRedis(binary);
    await using server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url } });
    const newsroom = newsroomAt(server.url, await server.token({ editor: ['*'], admin: true }));
    const { postId } = await endedChannel(newsroom, 'changed');
    await endedChannel(newsroom, 'storm');
    await using front = await startFront(newsroom, async (passOn) => {
      if ((await call(`${newsroom.url}/v1/channels/storm`)).status === 410)
        await newsroom.author.retract('changed', postId, { note: 'No.' });
      return await passOn();
    });
    expect((await newsroomAt(front.url, newsroom.token).command(...archiveNow())).code).toBe(0);
    expect((await readdir(folder)).toSorted()).toEqual(['archive.lock', 'storm']);
    expect((await newsroom.author.listChannels()).channels.map(({ id }) => id)).toEqual(['changed']);
  });
});
