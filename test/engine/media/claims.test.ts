import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type MediaDirectory, openMediaDirectory } from '../../../src/media/media-directory.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { MediaUnavailable, type MovedMedia } from '../../../src/media/media-store.ts';
import type { Renderer } from '../../../src/media/renderer.ts';
import { movie } from '../../support/samples/movies.ts';
import { stored, upload } from '../../support/samples/uploads.ts';
import { dayMs, mark, openScenes, type Scene, sound } from '../../support/stores/media-scene.ts';

/** Erasures of media that unfinished writes and unfinished uploads name, also of other nodes. */

const { renderer, scene } = openScenes();
const { mediaClaimMs } = mediaLimits;

/** Another node on the same directory. */
async function nodeBeside(a: Scene, own = renderer): Promise<MediaDirectory> {
  const node = await openMediaDirectory(a.folder, { isShared: true, now: () => Date.now() + a.laterMs, renderer: own });
  onTestFinished(() => node.close());
  return node;
}

describe('an erasure waits for a write of another node that claims the medium', () => {
  it('then forbids the write, if the journal does not have it in time', async () => {
    const a = await scene({ isShared: true });
    const other = await nodeBeside(a);
    const id = await a.add('one');
    await a.publish('post', id);
    expect(await other.claim('a', id, 'next', 'w')).toBe('claimed');
    expect(await a.takeDown('post')).toEqual([id]);
    expect(a.store.pendingErasures).toBe(1);
    expect([await a.has('one'), a.forbidden.has('w')]).toEqual([true, false]);
    a.laterMs = mediaClaimMs + 1_000;
    expect(await other.erase('a', 'post', a.uses)).toEqual([]);
    expect([await a.has('one'), a.forbidden.has('w')]).toEqual([false, true]);
    expect(await readdir(join(a.folder, 'a'))).toEqual(['by-hash', 'by-post']);
    expect(await readdir(join(a.folder, 'a', 'by-post'))).toEqual([]);
    expect(await a.store.erase('a', 'post', a.uses)).toEqual([]);
    expect([a.store.pendingErasures, await readdir(join(a.folder, '.pending'))]).toEqual([0, []]);
  });

  it.each(['before the write is forbidden', 'at the moment in which it is forbidden'])(
    'and keeps the medium if the journal has it %s',
    async (when) => {
      const a = await scene({ isShared: true });
      const id = await a.add('one');
      await a.publish('post', id);
      await a.claim(id, 'next');
      const append = () => void a.posts.set('next', [id]);
      // The journal says that a retracted post has the medium, not that the medium is used.
      const uses = { ...a.uses, isUsed: async () => false };
      a.laterMs = mediaClaimMs + 1_000;
      if (when.startsWith('before')) append();
      else uses.forbid = async () => append();
      a.posts.delete('post');
      expect(await a.store.erase('a', 'post', uses)).toEqual([]);
      expect(await a.has('one')).toBe(true);
      a.posts.delete('next');
      expect(await a.store.erase('a', 'next', a.uses)).toEqual([]);
      expect(await a.has('one')).toBe(false);
    },
  );

  it('and not if that write was refused, which drops its own claim alone', async () => {
    const a = await scene();
    const id = await a.add('one');
    await a.publish('live', id);
    await a.publish('post', id);
    expect(await a.store.claim('a', id, 'live', 'stale')).toBe('claimed');
    expect(await a.store.claim('a', id, 'live', 'running')).toBe('claimed');
    await a.store.drop('a', id, 'live', 'stale');
    const uses = { ...a.uses, isUsed: async () => false };
    a.posts.delete('post');
    expect(await a.store.erase('a', 'post', uses)).toEqual([]);
    expect(await a.has('one')).toBe(true);
    a.posts.delete('live');
    expect(await a.store.erase('a', 'live', uses)).toEqual([id]);
    await a.store.drop('a', id, 'live', 'running');
    expect(await a.store.erase('a', 'live', uses)).toEqual([]);
    expect(await a.has('one')).toBe(false);
  });

  it('and finishes by itself', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const a = await scene();
    const id = await a.add('one');
    await a.publish('post', id);
    await a.claim(id, 'next');
    expect(await a.takeDown('post')).toEqual([id]);
    a.laterMs = mediaClaimMs + 1_000;
    vi.advanceTimersByTime(mediaClaimMs);
    vi.useRealTimers();
    await vi.waitFor(async () => expect([await a.has('one'), a.store.pendingErasures]).toEqual([false, 0]));
  });

  it('and tries again by itself after a failure of the directory', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const a = await scene();
    const ids = [await a.add('one'), await a.add('other')];
    for (const [index, id] of ids.entries()) await a.publish(`post-${index}`, id);
    const erasing = join(a.folder, '.erasing');
    await rm(erasing, { recursive: true });
    await writeFile(erasing, '');
    for (const post of ['post-0', 'post-1']) await expect(a.takeDown(post)).rejects.toThrow(MediaUnavailable);
    expect(a.store.pendingErasures).toBe(2);
    // The first of them keeps failing, which does not keep the other from being erased.
    await rm(join(a.folder, '.erasing'));
    await mkdir(erasing);
    const uses = a.uses.ofPost;
    a.uses.ofPost = async (channelId, postId) => {
      if (postId === 'post-0') throw new Error('The journal cannot be reached.');
      return await uses(channelId, postId);
    };
    vi.advanceTimersByTime(mediaClaimMs);
    await vi.waitFor(async () => expect([await a.has('one'), await a.has('other')]).toEqual([true, false]));
    await vi.waitFor(() => expect(a.store.pendingErasures).toBe(1));
    a.uses.ofPost = uses;
    vi.advanceTimersByTime(mediaClaimMs);
    await vi.waitFor(async () => expect([await a.has('one'), a.store.pendingErasures]).toEqual([false, 0]));
  });

  it('and waits no longer if further posts are taken down meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const a = await scene();
    const [id, other] = [await a.add('one'), await a.add('other')];
    await a.publish('post', id);
    await a.publish('later', other);
    await a.claim(id, 'next');
    await a.claim(other, 'next');
    expect(await a.takeDown('post')).toEqual([id]);
    a.laterMs = mediaClaimMs - 1_000;
    vi.advanceTimersByTime(mediaClaimMs - 1_000);
    expect(await a.takeDown('later')).toEqual([other]);
    a.laterMs = mediaClaimMs + 1_000;
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();
    await vi.waitFor(async () => expect([await a.has('one'), await a.has('other')]).toEqual([false, false]));
  });

  it('also after a crash, in a sweep', async () => {
    const a = await scene();
    const id = await a.add('one');
    await a.publish('post', id);
    await a.claim(id, 'next');
    expect(await a.takeDown('post')).toEqual([id]);
    a.laterMs = mediaLimits.mediaPendingMs + 1_000;
    await a.open();
    await a.store.sweep(a.uses);
    expect(await a.has('one')).toBe(false);
  });
});

describe('claims of servers of the earlier version', () => {
  /** Writes a claim as they do. */
  async function claimAsBefore(a: Scene, id: string, postId: string, content = ''): Promise<void> {
    await mkdir(join(a.folder, 'a', 'by-post', postId), { recursive: true });
    await writeFile(join(a.folder, 'a', 'by-post', postId, id), '');
    await writeFile(join(a.folder, 'a', id, 'claims', postId), content);
  }

  it.each([
    ['are those of posts, which takedowns erase', ''],
    ['are those of posts, which takedowns erase, also if they were confirmed', 'c'],
  ])('%s', async (_, content) => {
    const a = await scene();
    const id = await a.add('one');
    await claimAsBefore(a, id, 'post', content);
    a.posts.set('post', [id]);
    expect(await a.takeDown('post')).toEqual([]);
    expect(await a.has('one')).toBe(false);
  });

  it('keep the medium of a post that the journal has, and else delay an erasure for as long as those of writes', async () => {
    const a = await scene();
    const id = await a.add('one');
    await a.publish('post', id);
    await claimAsBefore(a, id, 'retracted');
    await claimAsBefore(a, id, 'refused');
    a.posts.set('retracted', [id]);
    const uses = { ...a.uses, isUsed: async () => false };
    a.posts.delete('post');
    expect(await a.store.erase('a', 'post', uses)).toEqual([]);
    expect(await a.has('one')).toBe(true);
    a.posts.delete('retracted');
    expect(await a.store.erase('a', 'retracted', uses)).toEqual([id]);
    a.laterMs = mediaClaimMs + 1_000;
    expect(await a.store.erase('a', 'retracted', uses)).toEqual([]);
    expect(await a.has('one')).toBe(false);
  });

  it('are empty until they are confirmed, and those of writes are not, so that those servers drop none of them', async () => {
    const a = await scene();
    const id = await a.add('one');
    expect(await a.store.claim('a', id, 'post', 'w')).toBe('claimed');
    const claims = join(a.folder, 'a', id, 'claims');
    expect(await Promise.all((await readdir(claims)).map((name) => readFile(join(claims, name), 'utf8')))).toEqual(['c']);
  });
});

describe('an erasure', () => {
  it('erases a copy under another id, which a server had published when it was killed', async () => {
    const a = await scene();
    const first = await a.add('one');
    // The server was killed before it recorded the content.
    await rm(join(a.folder, 'a', 'by-hash'), { recursive: true });
    const second = await a.add('one');
    expect(second).not.toBe(first);
    await a.publish('post', second);
    expect(await a.takeDown('post')).toEqual([]);
    expect(await a.has('one')).toBe(false);
  });

  it('spares a copy under another id that a post uses, or may use soon', async () => {
    const a = await scene();
    const first = await a.add('one');
    await rm(join(a.folder, 'a', 'by-hash'), { recursive: true });
    const second = await a.add('one');
    await a.publish('first', first);
    await a.publish('second', second);
    expect(await a.takeDown('second')).toEqual([]);
    expect([await a.store.find('a', second), (await a.store.find('a', first))?.id]).toEqual([undefined, first]);
    const third = (await stored(a.store, 'b', sound('one'), 'audio/mp4')).id;
    expect(await a.takeDown('first')).toEqual([]);
    expect((await a.store.find('b', third))?.id).toBe(third);
  });

  it('waits for an unfinished write that claims a copy', async () => {
    const a = await scene();
    const first = await a.add('one');
    await rm(join(a.folder, 'a', 'by-hash'), { recursive: true });
    const second = await a.add('one');
    await a.publish('post', second);
    await a.claim(first, 'next');
    expect(await a.takeDown('post')).toEqual([second]);
    a.laterMs = mediaClaimMs + 1_000;
    expect(await a.store.erase('a', 'post', a.uses)).toEqual([]);
    expect(await a.has('one')).toBe(false);
  });

  it('erases a copy in the directory for erasures', async () => {
    const a = await scene();
    const [id, other] = [await a.add('one'), await a.add('other')];
    await a.publish('post', id);
    await a.publish('post-2', other);
    for (const name of [`a~${'Z'.repeat(22)}`, `~~${'z'.repeat(32)}`]) {
      await mkdir(join(a.folder, '.erasing', name));
      await writeFile(join(a.folder, '.erasing', name, 'audio.m4a'), mark('one'));
    }
    expect(await a.takeDown('post')).toEqual([]);
    expect([await a.has('one'), await a.has('other')]).toEqual([false, true]);
  });

  it('erases unfinished uploads of a server that has ended, and spares those of a server that runs', async () => {
    const a = await scene({ isShared: true });
    const other = await nodeBeside(a);
    await a.publish('post', await a.add('one'));
    const ended = join(a.folder, '.incoming', 'e'.repeat(16));
    await mkdir(join(ended, `a~${'0'.repeat(64)}~x`), { recursive: true });
    await writeFile(join(ended, 'alive'), '7');
    for (const name of ['y.body', `a~${'0'.repeat(64)}~x.body`, `a~${'0'.repeat(64)}~x/audio.m4a`]) {
      await writeFile(join(ended, name), mark('one'));
    }
    const samples = Buffer.concat([Buffer.from(mark('another upload')), Buffer.alloc(100_000)]);
    const bytes = movie({ brand: 'M4A ', tracks: ['soun'], samples });
    const body = new Readable({ read() {} });
    body.push(bytes.subarray(0, bytes.length - 5));
    const adding = other.add('a', { body, mimeType: 'audio/mp4', length: bytes.length, by: 'reporter' });
    await vi.waitFor(async () => expect(await a.has('another upload')).toBe(true));
    expect(await a.takeDown('post')).toEqual([]);
    expect([await a.has('one'), await a.has('another upload')]).toEqual([false, true]);
    body.push(bytes.subarray(bytes.length - 5));
    body.push(null);
    expect(await adding).toMatchObject({ status: 'added' });
    expect(await readdir(ended)).toEqual(['alive']);
    a.laterMs = dayMs;
    await a.store.sweep(a.uses);
    expect(await readdir(join(a.folder, '.incoming'))).toEqual([]);
  });

  it('erases unfinished uploads of a server of the earlier version, once they cannot be in progress', async () => {
    const a = await scene({ isShared: true });
    const id = await a.add('one');
    await a.publish('post', id);
    const left = join(a.folder, '.incoming', `${'X'.repeat(22)}.upload`);
    await writeFile(left, mark('one'));
    expect(await a.takeDown('post')).toEqual([id]);
    const old = (Date.now() - mediaClaimMs - 1_000) / 1_000;
    await utimes(left, old, old);
    expect(await a.store.erase('a', 'post', a.uses)).toEqual([]);
    expect(await a.has('one')).toBe(false);
  });

  it('lets no upload of the content be published that began before', async () => {
    const a = await scene({ isShared: true });
    const held = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const slow = {
      ...renderer,
      async render(task: Parameters<Renderer['render']>[0]) {
        began.resolve();
        const outcome = await renderer.render(task);
        await held.promise;
        return outcome;
      },
    };
    const other = await nodeBeside(a, slow);
    const first = upload(other, 'a', sound('one'), 'audio/mp4');
    const elsewhere = upload(other, 'b', sound('one'), 'audio/mp4');
    await began.promise;
    await a.publish('post', await a.add('one'));
    expect(await a.takeDown('post')).toEqual([]);
    held.resolve();
    await expect(first).rejects.toThrow(MediaUnavailable);
    expect(await a.store.list('a', { limit: 10 })).toEqual([]);
    // That is another channel, whose author uploads it.
    expect(await elsewhere).toMatchObject({ status: 'added' });
    await a.store.deleteChannel('b');
    expect(await a.has('one')).toBe(false);
  });
});

it('an upload whose file is erased while it is decoded is not refused as damaged', async () => {
  const a = await scene({ isShared: true });
  const [began, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const other = await nodeBeside(a, {
    ...renderer,
    async render() {
      began.resolve();
      await held.promise;
      return { status: 'refused', code: 'media-unreadable', detail: 'The picture is damaged or incomplete.' };
    },
  });
  const uploading = upload(other, 'a', sound('one'), 'audio/mp4');
  await began.promise;
  await a.publish('post', await a.add('one'));
  expect(await a.takeDown('post')).toEqual([]);
  held.resolve();
  await expect(uploading).rejects.toThrow(MediaUnavailable);
});

describe('a medium of another server', () => {
  const bytes = sound('one');
  async function moved(a: Scene): Promise<{ id: string; medium: MovedMedia }> {
    const { id, renditions, ...facts } = await stored(a.store, 'from', bytes, 'audio/mp4');
    const file = await a.store.open('from', id, facts.name);
    const content = await readFile(file?.path ?? '');
    await a.store.deleteChannel('from');
    const body = Readable.from([content])[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    return { id, medium: { ...facts, files: renditions as MovedMedia['files'], body } };
  }

  it.each([
    ['before the last question whether it is used', 'unused'],
    ['after it', 'unavailable'],
  ])('is not published if its post is taken down %s', async (when, outcome) => {
    const a = await scene();
    const { id, medium } = await moved(a);
    a.posts.set('post', [id]);
    let asked = 0;
    const restoring = a.store.restore('a', id, medium, async () => {
      asked += 1;
      const before = [...a.posts.keys()];
      if (asked === 2) expect(await a.takeDown('post')).toEqual([]);
      return when.startsWith('before') ? [...a.posts.keys()] : before;
    });
    if (outcome === 'unused') expect(await restoring).toEqual({ status: 'unused' });
    else await expect(restoring).rejects.toThrow(MediaUnavailable);
    expect(await a.has('one')).toBe(false);
  });
});
