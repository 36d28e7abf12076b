import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AuthorClient, type SeenPost } from '../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { movie } from '../../support/samples/movies.ts';
import { photograph } from '../../support/samples/photographs.ts';
import { run } from '../../support/servers/command.ts';
import { commandRoom } from '../../support/servers/command-room.ts';
import { call, startTestServer } from '../../support/servers/server.ts';
import { startRedis } from '../../support/stores/redis.ts';

/** `pressbox media`, and posts that use what it uploads, against a real server. */

const room = commandRoom();
const { done } = room;
const newest = async () => (await room.author.listPosts(room.channelId)).posts[0] as SeenPost;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pressbox-command-media-'));
  await writeFile(join(folder, 'landing.mp4'), movie());
  await writeFile(join(folder, 'radio.M4A'), movie({ brand: 'M4A ', tracks: ['soun'] }));
  await writeFile(join(folder, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(folder, 'notes'), 'Words.');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('pressbox media upload', () => {
  it('uploads a file, prints its id and the options of a post that shows it, and again the same', async () => {
    const { code, out } = await done(['media', 'upload', room.channelId, join(folder, 'landing.mp4')]);
    expect(code).toBe(0);
    const [, url] = /^Uploaded (media:[\w-]{22}), a video of 1280 × 720 pixels, 12\.5 s long\.$/m.exec(out) ?? [];
    expect(out).toContain(`--video ${url}`);
    expect((await done(['media', 'upload', room.channelId, join(folder, 'landing.mp4')])).out).toBe(out);
    expect((await done(['post', room.channelId, '--video', url as string, 'One.'])).code).toBe(0);
    const address = `${room.server.url}/media/${room.channelId}/${url?.slice('media:'.length)}/video.mp4`;
    expect((await newest()).media).toMatchObject([{ type: 'video', url: address, width: 1280 }]);
  });

  it('prints the upload as JSON, and takes the type from the name in any case', async () => {
    const { code, out } = await done(['media', 'upload', room.channelId, join(folder, 'radio.M4A'), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ media: { type: 'audio', mimeType: 'audio/mp4', width: null } });
  });

  it('prints why a file is refused, by the server or before anything is sent', async () => {
    const upload = (name: string, ...more: string[]) => done(['media', 'upload', room.channelId, join(folder, name), ...more]);
    const svg = await upload('logo.svg');
    expect([svg.code, svg.err]).toEqual([1, expect.stringContaining('SVG cannot be uploaded')]);
    const untyped = await upload('notes');
    expect([untyped.code, untyped.err]).toEqual([2, expect.stringContaining('Give --type')]);
    const wrong = await upload('notes', '--type', 'image/jpeg');
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('no known type')]);
    const missing = await upload('missing.jpg');
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('missing.jpg: ENOENT')]);
    expect((await done(['media', 'upload', room.channelId, folder, '--type', 'image/jpeg'])).err).toContain('is no file');
    const elsewhere = await done(['media', 'upload', 'no-such-channel', join(folder, 'landing.mp4')]);
    expect([elsewhere.code, elsewhere.err]).toEqual([1, expect.stringContaining('channel list')]);
  });
});

describeWith(needs.redis, 'a server on Redis without a directory of uploads', (binary) => {
  it('refuses uploads for good, and the command says what helps', async () => {
    const redis = await startRedis(binary);
    onTestFinished(() => redis.stop());
    const secret = 'a secret of at least thirty-two bytes';
    await using server = await startTestServer({ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret });
    const token = await server.token();
    const { channel } = await new AuthorClient({ url: server.url, token }).createChannel({ headline: 'To the Moon' });
    const headers = { 'content-type': 'image/jpeg' };
    const url = `${server.url}/v1/channels/${channel.id}/media`;
    const answer = await call(url, { method: 'POST', token, headers, body: Buffer.from('x') });
    expect([answer.status, answer.body]).toMatchObject([501, { code: 'uploads-disabled' }]);
    expect(answer.headers.get('retry-after')).toBeNull();

    const env = { PRESSBOX_URL: server.url, PRESSBOX_TOKEN: token };
    const uploading = run(['media', 'upload', channel.id, join(folder, 'landing.mp4')], env);
    expect(await uploading.code).toBe(1);
    expect(uploading.err).toContain('This server takes no uploads.');
    expect(uploading.err).toContain('give its address');
    expect(uploading.err).not.toContain('Trying again');
  });
});

describe('pressbox post --link-image', () => {
  it('shows an upload on the card of an embed, nothing on that of a link before it, and another picture after a change', async () => {
    const file = join(folder, 'pier.jpg');
    await writeFile(file, await photograph(640, 480, 10));
    const uploaded = await done(['media', 'upload', room.channelId, file]);
    const [, id] = /^Uploaded media:([\w-]{22}), a picture/.exec(uploaded.out) ?? [];
    const link = ['--link', 'https://example.org/report', '--title', 'The report', '--link-image', ''];
    const embed = ['--embed', 'https://www.youtube.com/watch?v=dQw4w9WgXcQ', '--title', 'The landing'];
    const published = await done(['post', room.channelId, ...link, ...embed, '--link-image', `media:${id}`, 'One.']);
    expect([published.code, published.err]).toEqual([0, '']);
    const [report, landing] = (await newest()).media;
    expect(report).toEqual({ type: 'link', url: 'https://example.org/report', title: 'The report' });
    const address = `${room.server.url}/media/${room.channelId}/${id}/`;
    expect(landing).toMatchObject({ title: 'The landing', image: expect.stringContaining(address), embed: {} });
    const other = ['--link-image', 'https://example.org/eagle.jpg'];
    expect((await done(['correct', room.channelId, 'latest', '--kind', 'update', ...embed, ...other])).code).toBe(0);
    expect((await newest()).media).toMatchObject([{ title: 'The landing', image: 'https://example.org/eagle.jpg' }]);
  });

  it('is given for each link and embed, or for none', async () => {
    const links = ['--link', 'https://example.org/a', '--title', 'A', '--link', 'https://example.org/b', '--title', 'B'];
    const one = await done(['post', room.channelId, ...links, '--link-image', 'https://example.org/a.jpg', 'One.']);
    expect([one.code, one.err]).toEqual([2, expect.stringContaining('Give a --link-image for each --link and --embed')]);
    const alone = await done(['post', room.channelId, '--link-image', 'https://example.org/a.jpg', 'One.']);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('Give a --link-image for each')]);
  });
});

describe('pressbox post --embed', () => {
  it('publishes a link with its embed, after other links', async () => {
    const link = ['--link', 'https://example.org/report', '--title', 'The report'];
    const embed = ['--embed', 'https://www.youtube.com/watch?v=dQw4w9WgXcQ', '--title', 'The landing'];
    expect((await done(['post', room.channelId, ...embed.slice(0, 2), ...link, ...embed.slice(2), 'One.'])).code).toBe(0);
    expect((await newest()).media).toEqual([
      { type: 'link', url: 'https://example.org/report', title: 'The report' },
      {
        ...{ type: 'link', url: 'https://www.youtube.com/watch?v=dQw4w9WgXcQ', title: 'The landing' },
        embed: { provider: 'youtube', id: 'dQw4w9WgXcQ' },
      },
    ]);
  });

  it('refuses an address that cannot be embedded, and one without a title', async () => {
    const other = await done(['post', room.channelId, '--embed', 'https://example.org/a', '--title', 'A', 'One.']);
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('Give it as --link.')]);
    const untitled = await done(['post', room.channelId, '--embed', 'https://youtu.be/dQw4w9WgXcQ', 'One.']);
    expect([untitled.code, untitled.err]).toEqual([2, expect.stringContaining('needs a --title')]);
  });
});
