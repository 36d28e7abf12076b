import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { openMediaDirectory } from '../../../src/media/media-directory.ts';
import { Renderer } from '../../../src/media/renderer.ts';
import { movie } from '../../support/samples/movies.ts';
import { patient } from '../../support/samples/uploads.ts';
import { run } from '../../support/servers/command.ts';
import { startTestServer } from '../../support/servers/server.ts';

/** `pressbox verify` compares uploads with the posts that use them. */

const sound = (text: string) => movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from(`the samples of ${text}`) });

it('names uploads that posts use and that are missing or damaged, on a server and in a directory', async () => {
  const mediaDir = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  const store = await openMediaDirectory(mediaDir, { isShared: false, renderer: new Renderer(patient) });
  const server = await startTestServer({ PRESSBOX_PUBLIC_URL: 'https://news.example' }, { media: store });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await store.close();
    await rm(mediaDir, { recursive: true, force: true });
  });
  const token = await server.token({ editor: ['*'], admin: true });
  const author = new AuthorClient({ url: server.url, token });
  const { id } = (await author.createChannel({ headline: 'Harbour fire' })).channel;
  const upload = async (text: string) => {
    const { id: media, url } = await author.uploadMedia(id, new Uint8Array(sound(text)), 'audio/mp4');
    return { media, url, file: join(mediaDir, id, media, 'audio.m4a') };
  };
  const publish = async (url: string) => (await author.publish(id, { media: [{ type: 'link', url, title: 'Listen' }] })).post.id;
  const [siren, wind, withdrawn] = [await upload('a siren'), await upload('wind'), await upload('a rumour')];
  await upload('nothing yet');
  await publish(siren.url);
  await publish(wind.url);
  await author.retract(id, await publish(withdrawn.url), { note: 'It was not so.' });

  const env = { PRESSBOX_URL: server.url, PRESSBOX_TOKEN: token, PRESSBOX_PUBLIC_URL: 'https://news.example' };
  const verify = async (...argv: string[]) => {
    const running = run(['verify', id, ...argv], env);
    return { code: await running.code, out: running.out, err: running.err };
  };
  const embedded = process.env.PRESSBOX_TEST_STORE === undefined;
  const ways = [['--media'], ...(embedded ? [['--data-dir', server.dataDir, '--media-dir', mediaDir]] : [])];
  for (const way of ways) {
    const { code, out, err } = await verify(...way);
    expect([code, out], err).toEqual([0, expect.stringContaining(', 2 uploads, 1 upload that no revision names')]);
  }

  await writeFile(siren.file, 'x'.repeat(sound('a siren').length));
  for (const way of ways) {
    const { code, out } = await verify(...way);
    expect([code, out]).toEqual([1, expect.stringContaining(`but these uploads are damaged: ${siren.media}.`)]);
  }
  expect(await verify()).toMatchObject({ code: 0 });

  const about = join(mediaDir, id, wind.media, 'about.json');
  const written = await readFile(about, 'utf8');
  const headers = { Authorization: `Bearer ${token}` };
  const contradictions = [written.replaceAll('audio/mp4', 'text/html'), written.replace(wind.media, siren.media), 'null', '{}'];
  for (const contradiction of embedded ? contradictions : []) {
    await writeFile(about, contradiction);
    const { code, out } = await verify('--data-dir', server.dataDir, '--media-dir', mediaDir);
    expect([code, out]).toEqual([1, expect.stringContaining(`${wind.media}`)]);
    const file = await fetch(new URL(`/media/${id}/${wind.media}/audio.m4a`, server.url), { headers });
    expect(file.headers.get('content-type'), contradiction).toMatch(file.ok ? 'audio/mp4' : 'application/problem+json');
  }
  await writeFile(about, written.replaceAll('audio/mp4', 'text/html'));
  expect(await verify('--media')).toMatchObject({ code: 1, out: expect.stringContaining(wind.media) });
  await writeFile(about, written);

  await truncate(siren.file, 3);
  await rm(join(mediaDir, id, wind.media), { recursive: true });
  for (const way of ways) {
    const { code, out } = await verify(...way, '--json');
    expect([code, JSON.parse(out)]).toMatchObject([
      1,
      { fault: null, media: { used: 2, missing: [wind.media], damaged: [siren.media], unreferenced: 1 } },
    ]);
  }
  expect(await verify()).toMatchObject({ code: 1, out: expect.stringContaining(`missing: ${wind.media}.`) });
});
