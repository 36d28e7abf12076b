import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openMediaDirectory } from '../../../src/media/media-directory.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { MediaUnavailable, type MediaUses } from '../../../src/media/media-store.ts';
import { upload } from '../../support/samples/uploads.ts';
import { filesBelow } from '../../support/stores/files-below.ts';
import { dayMs, mark, openScenes, type Scene, sound } from '../../support/stores/media-scene.ts';

const { renderer, scene } = openScenes();

describe('the store of media', () => {
  it('keeps one medium if two nodes take the same file at the same moment', async () => {
    const a = await scene({ isShared: true });
    const other = await openMediaDirectory(a.folder, { isShared: true, renderer });
    const results = await Promise.all([a.store, other].map((store) => upload(store, 'a', sound('both'), 'audio/mp4')));
    const ids = results.map((result) => (result.status === 'refused' ? result.detail : result.media.id));
    expect(new Set(ids).size, ids.join(' ')).toBe(1);
    expect(results.map(({ status }) => status).sort()).toEqual(['added', 'existing']);
    expect((await a.store.list('a', { limit: 10 })).map(({ id }) => id)).toEqual([ids[0]]);
    await other.close();
  });

  it('finds and opens what was added, in its channel alone, also after a restart', async () => {
    const a = await scene();
    const id = await a.add('one');
    expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const media = await a.store.find('a', id);
    expect(media).toMatchObject({ id, channelId: 'a', by: 'reporter', uploadedAt: expect.stringMatching(/Z$/) });
    expect(Object.keys(media ?? {})).not.toContain('sha256');
    await a.open();
    expect(await a.store.find('a', id)).toEqual(media);
    expect(await a.store.open('a', id, 'audio.m4a')).toMatchObject({ bytes: media?.bytes, mimeType: 'audio/mp4' });
    expect(await a.store.find('b', id)).toBeUndefined();
    for (const name of ['about.json', 'video.mp4', '../about.json', 'claims', '', '.', 'audio.m4a/']) {
      expect([name, await a.store.open('a', id, name)]).toEqual([name, undefined]);
    }
    for (const [channelId, of] of [
      ['..', id],
      ['.incoming', id],
      ['a', '..'],
      ['a', 'by-hash'],
      ['a/../a', id],
    ] as const) {
      expect(await a.store.find(channelId, of)).toBeUndefined();
    }
  });

  it('serves a file as the type that its name says, whatever was written about it since', async () => {
    const a = await scene();
    const id = await a.add('one');
    const about = join(a.folder, 'a', id, 'about.json');
    await writeFile(about, (await readFile(about, 'utf8')).replaceAll('audio/mp4', 'text/html'));
    await a.open();
    expect(await a.store.open('a', id, 'audio.m4a')).toMatchObject({ mimeType: 'audio/mp4' });
  });

  it('stores the same content once in a channel, even if it is sent twice at once, and again in another', async () => {
    const a = await scene();
    const [first, second] = await Promise.all([0, 1].map(() => upload(a.store, 'a', sound('one'), 'audio/mp4')));
    expect([first?.status, second?.status].sort()).toEqual(['added', 'existing']);
    const id = first?.status === 'refused' ? '' : first?.media.id;
    expect(await upload(a.store, 'a', sound('one'), 'audio/mp4')).toMatchObject({ status: 'existing', media: { id } });
    expect(await upload(a.store, 'b', sound('one'), 'audio/mp4')).toMatchObject({ status: 'added' });
  });

  it('refuses what does not fit into the channel, before it is received if nothing fits', async () => {
    const a = await scene({ channelBytes: 2 * sound('1').length });
    await a.add('1');
    await a.add('2');
    expect(await upload(a.store, 'a', sound('3'), 'audio/mp4')).toMatchObject({ status: 'refused', code: 'media-full' });
    expect(await upload(a.store, 'b', sound('3'), 'audio/mp4')).toMatchObject({ status: 'added' });
    await a.takeDown('post');
    expect(await a.has('1')).toBe(true);
  });

  it('says that a medium is missing which a post claims', async () => {
    const a = await scene();
    expect(await a.claim('A'.repeat(22), 'post')).toBe('missing');
    expect(await a.claim('../../etc', 'post')).toBe('missing');
    await expect(a.claim(await a.add('one'), '../post')).rejects.toThrow(TypeError);
    await expect(a.store.claim('a', await a.add('one'), 'post', '../write')).rejects.toThrow(TypeError);
  });
});

describe('an erasure', () => {
  it('leaves no byte of the media that only this post used', async () => {
    const a = await scene();
    const [gone, shared, other] = [await a.add('gone'), await a.add('shared'), await a.add('other')];
    await a.publish('first', gone, shared);
    await a.publish('second', shared, other);
    await a.takeDown('first');
    expect([await a.has('gone'), await a.has('shared'), await a.has('other')]).toEqual([false, true, true]);
    expect(await a.store.find('a', gone)).toBeUndefined();
    await a.takeDown('second');
    expect(await a.has('samples')).toBe(false);
    for (const { content } of await filesBelow(a.folder)) expect(content.length).toBe(0);
    // The content can be uploaded again.
    expect(await upload(a.store, 'a', sound('gone'), 'audio/mp4')).toMatchObject({ status: 'added' });
  });

  it('keeps what the post still has, and what another post is about to use', async () => {
    const a = await scene();
    const [before, now, soon] = [await a.add('before'), await a.add('now'), await a.add('soon')];
    await a.publish('post', before, now, soon);
    expect(await a.claim(soon, 'other')).toBe('claimed');
    a.posts.set('post', [now]);
    await a.store.erase('a', 'post', a.uses);
    expect([await a.has('before'), await a.has('now'), await a.has('soon')]).toEqual([false, true, true]);
    await a.takeDown('post');
    expect(await a.has('now')).toBe(false);
  });

  it.each([
    ['before it began', () => undefined],
    [
      'while the medium was moved away',
      (a: Scene, id: string) => rename(join(a.folder, 'a', id), join(a.folder, '.erasing', `a~${id}`)),
    ],
    ['after its claim was dropped', (a: Scene, id: string) => rm(join(a.folder, 'a', id, 'claims', 'post'))],
  ])('is finished after a crash %s', async (_, crash) => {
    const a = await scene();
    const id = await a.add('one');
    await a.publish('post', id);
    await a.store.expectErasure('a', 'post');
    a.posts.delete('post');
    if (_.startsWith('while')) await rm(join(a.folder, 'a', id, 'claims', 'post'));
    await crash(a, id);
    await a.open();
    await a.store.sweep(a.uses);
    expect(await a.has('one')).toBe(false);
    a.laterMs = dayMs;
    await a.store.sweep(a.uses);
    expect(await readdir(join(a.folder, '.pending'))).toEqual([]);
  });

  it('that was expected and did not happen changes nothing', async () => {
    const a = await scene();
    await a.publish('post', await a.add('one'));
    await a.store.expectErasure('a', 'post');
    a.laterMs = dayMs;
    await a.store.sweep(a.uses);
    expect(await a.has('one')).toBe(true);
    await a.takeDown('post');
    expect(await a.has('one')).toBe(false);
  });

  it('is interrupted if the journal cannot be asked, and can be repeated', async () => {
    const a = await scene();
    await a.publish('post', await a.add('one'));
    a.posts.delete('post');
    const failing = { ...a.uses, isUsed: () => Promise.reject(new Error('no journal')) };
    await expect(a.store.erase('a', 'post', failing)).rejects.toThrow('no journal');
    expect(await a.has('one')).toBe(true);
    await a.store.sweep(a.uses);
    expect(await a.has('one')).toBe(false);
  });

  it('leaves no byte of a deleted channel, and keeps the files of other channels', async () => {
    const a = await scene();
    await a.publish('post', await a.add('one'));
    await a.add('two', 'a-b');
    await a.store.deleteChannel('a');
    await a.store.deleteChannel('a');
    expect([await a.has('one'), await a.has('two')]).toEqual([false, true]);
    expect(await readdir(join(a.folder, '.erasing'))).toEqual([]);
  });
});

describe('channels, posts and uploads whose ids begin alike', () => {
  const neighbours = ['storm-2', 'storm2', 'stor'];

  it('keep their uploads and their expected erasures when the other channel is deleted', async () => {
    const a = await scene();
    for (const channelId of ['storm', ...neighbours]) {
      await a.add(`kept in ${channelId}.`, channelId);
      const id = await a.add(`erased in ${channelId}.`, channelId);
      expect(await a.claim(id, 'post', channelId)).toBe('claimed');
      await a.store.keep(channelId, id, 'post', `w${a.writes}`);
      await a.store.expectErasure(channelId, 'post');
    }
    await a.store.deleteChannel('storm');
    // A crash prevented the erasures.
    await a.open();
    await a.store.sweep(a.uses);
    for (const channelId of neighbours) {
      expect([channelId, await a.has(`kept in ${channelId}.`), await a.has(`erased in ${channelId}.`)]).toEqual([
        channelId,
        true,
        false,
      ]);
    }
    expect(await a.has('in storm.')).toBe(false);
  });

  it('keep the uploads of the other post', async () => {
    const a = await scene();
    for (const postId of ['post', 'post-2', 'post2']) await a.publish(postId, await a.add(`of ${postId}.`));
    await a.takeDown('post');
    expect(await Promise.all(['post', 'post-2', 'post2'].map((postId) => a.has(`of ${postId}.`)))).toEqual([false, true, true]);
    a.laterMs = 2 * dayMs;
    await a.store.sweep(a.uses);
    expect(await Promise.all(['post-2', 'post2'].map((postId) => a.has(`of ${postId}.`)))).toEqual([true, true]);
  });
});

describe('a sweep', () => {
  it('erases what is left of a deleted channel, and nothing of a channel that the journal does not know', async () => {
    const a = await scene();
    await a.publish('post', await a.add('one'));
    await a.store.expectErasure('a', 'post');
    await a.add('of another', 'b');
    a.posts.clear();
    await a.open();
    await a.store.sweep(a.uses);
    expect(await a.has('of another')).toBe(true);
    a.deleted.add('a');
    await a.store.sweep(a.uses);
    expect([await a.has('one'), await a.has('of another')]).toEqual([false, true]);
    expect((await readdir(a.folder)).sort()).toEqual(['.erasing', '.incoming', '.pending', 'b']);
    expect(await readdir(join(a.folder, '.pending'))).toEqual([]);
  });

  it('deletes what no post claimed for a day, and claims of posts that were never appended', async () => {
    const a = await scene();
    const [orphan, failed, used] = [await a.add('orphan'), await a.add('failed'), await a.add('used')];
    await a.publish('post', used);
    expect(await a.claim(failed, 'never-appended')).toBe('claimed');
    a.laterMs = dayMs - 60_000;
    await a.store.sweep(a.uses);
    expect([await a.has('orphan'), await a.has('failed'), await a.has('used')]).toEqual([true, true, true]);
    a.laterMs = dayMs + 60_000;
    await a.store.sweep(a.uses);
    expect([await a.has('orphan'), await a.has('failed'), await a.has('used')]).toEqual([false, false, true]);
    expect(await a.store.find('a', orphan)).toBeUndefined();
    // A retraction keeps the earlier versions, with their media.
    a.laterMs *= 2;
    await a.store.sweep({ ...a.uses, isUsed: async () => false });
    expect(await a.has('used')).toBe(true);
  });

  it('erases the others if a file is damaged, and says so', async () => {
    const a = await scene();
    const [damaged] = [await a.add('damaged'), await a.add('of b', 'b'), await a.add('of c', 'c')];
    await writeFile(join(a.folder, '.pending', 'a~not a post'), '');
    await rm(join(a.folder, 'a', damaged, 'claims'), { recursive: true });
    await writeFile(join(a.folder, '.erasing', `a~${damaged}`), 'no directory');
    a.deleted.add('b');
    a.laterMs = dayMs + 60_000;
    await expect(a.store.sweep(a.uses)).rejects.toThrow();
    expect([await a.has('of b'), await a.has('of c')]).toEqual([false, false]);
  });

  it('spares an old upload that a post is claiming, until the claim is a day old', async () => {
    const a = await scene();
    // A whole second, which every file system can store.
    a.fixedAt = Math.floor(Date.now() / 1_000) * 1_000;
    const id = await a.add('one');
    a.laterMs = 3 * dayMs;
    expect(await a.claim(id, 'post')).toBe('claimed');
    // The post is not appended yet.
    for (const [afterClaimMs, isKept] of [
      [0, true],
      [dayMs, true],
      [dayMs + 1_000, false],
    ] as const) {
      a.laterMs = 3 * dayMs + afterClaimMs;
      await a.store.sweep(a.uses);
      expect([afterClaimMs, await a.has('one')]).toEqual([afterClaimMs, isKept]);
    }
  });

  it('spares what is claimed while it runs', async () => {
    const a = await scene();
    const ids = [await a.add('one'), await a.add('two'), await a.add('three')];
    a.laterMs = 3 * dayMs;
    const claimed = new Map<string, string>();
    // The sweep asks whether the medium is used before it erases it. An author publishes it at that moment.
    const uses: MediaUses = {
      ...a.uses,
      isUsed: async (channelId, id) => {
        const isUsed = await a.uses.isUsed(channelId, id);
        if (!claimed.has(id)) claimed.set(id, await a.claim(id, `post-${claimed.size}`, channelId));
        return isUsed;
      },
    };
    await a.store.sweep(uses);
    expect([...claimed.values()]).toEqual(['claimed', 'claimed', 'claimed']);
    for (const id of ids) expect(await a.store.find('a', id)).toMatchObject({ id });
    expect(await a.has('one')).toBe(true);
  });

  it('spares what an upload in progress has received, until it is older than an hour', async () => {
    const a = await scene({ isShared: true });
    const file = join(a.folder, '.incoming', `${'Y'.repeat(22)}.upload`);
    await writeFile(file, mark('half'));
    a.fixedAt = Math.floor(Date.now() / 1_000) * 1_000;
    await utimes(file, a.fixedAt / 1_000, a.fixedAt / 1_000);
    for (const [ageMs, isKept] of [
      [dayMs / 24, true],
      [dayMs / 24 + 1_000, false],
    ] as const) {
      a.laterMs = ageMs;
      await a.store.sweep(a.uses);
      expect([ageMs, await a.has('half')]).toEqual([ageMs, isKept]);
    }
  });

  it('keeps an expected erasure for a minute, in which another node may still erase', async () => {
    const a = await scene();
    a.fixedAt = Math.floor(Date.now() / 1_000) * 1_000;
    for (const [afterMs, isErased] of [
      [mediaLimits.mediaPendingMs, true],
      [mediaLimits.mediaPendingMs + 1_000, false],
    ] as const) {
      a.laterMs = 0;
      const post = `post-${afterMs}`;
      await a.publish(post, await a.add(post));
      await a.store.expectErasure('a', post);
      a.laterMs = afterMs;
      await a.store.sweep(a.uses);
      // The text is erased from the journal after that sweep. The next one knows that it was expected, or no longer does.
      a.posts.delete(post);
      await a.store.sweep(a.uses);
      expect([afterMs, await a.has(post)]).toEqual([afterMs, !isErased]);
    }
  });

  it('counts the day from the last upload of the same content', async () => {
    const a = await scene();
    const id = await a.add('one');
    a.laterMs = dayMs - 60_000;
    expect(await a.add('one')).toBe(id);
    a.laterMs = dayMs + 60_000;
    await a.store.sweep(a.uses);
    expect(await a.has('one')).toBe(true);
  });

  it('keeps what is used without a claim', async () => {
    const a = await scene();
    a.posts.set('imported', [await a.add('one')]);
    a.laterMs = 2 * dayMs;
    await a.store.sweep(a.uses);
    expect(await a.has('one')).toBe(true);
  });

  it('can run on two nodes at once, which erase the same', async () => {
    const a = await scene({ isShared: true });
    const other = await openMediaDirectory(a.folder, { isShared: true, now: () => Date.now() + a.laterMs, renderer });
    onTestFinished(() => other.close());
    const used = await a.add('used');
    await a.publish('post', used);
    for (let number = 0; number < 12; number += 1) {
      const id = await a.add(`orphan ${number}`);
      await a.add(`of b ${number}`, 'b');
      if (number % 3 === 0) await a.claim(id, `gone-${number}`);
      if (number % 4 === 0) await a.store.expectErasure('a', `gone-${number}`);
    }
    a.deleted.add('b');
    a.laterMs = 2 * dayMs;
    await Promise.all([a.store, other, a.store, other].map((store) => store.sweep(a.uses)));
    expect((await readdir(a.folder)).sort()).toEqual(['.erasing', '.incoming', '.pending', 'a']);
    expect([await a.has('used'), await a.has('orphan'), await a.has('of b')]).toEqual([true, false, false]);
    expect(await other.find('a', used)).toMatchObject({ id: used });
  });

  it('removes what a crash left of an upload: at once if nobody shares the directory, otherwise after an hour', async () => {
    const a = await scene();
    const left = async () => {
      await mkdir(join(a.folder, '.incoming', 'X'.repeat(22)), { recursive: true });
      await writeFile(join(a.folder, '.incoming', `${'X'.repeat(22)}.upload`), mark('half'));
    };
    await left();
    await a.open({ isShared: true });
    await a.store.sweep(a.uses);
    expect(await a.has('half')).toBe(true);
    a.laterMs = dayMs / 12;
    await a.store.sweep(a.uses);
    expect(await readdir(join(a.folder, '.incoming'))).toEqual([]);
    await left();
    await a.open();
    expect(await a.has('half')).toBe(false);
  });
});

it('says that it is unavailable if the directory is gone, and reads nothing from it', async () => {
  const a = await scene();
  await a.store.ready();
  const id = await a.add('one');
  await rm(a.folder, { recursive: true });
  await expect(a.store.ready()).rejects.toThrow(MediaUnavailable);
  await expect(upload(a.store, 'a', sound('two'), 'audio/mp4')).rejects.toThrow(MediaUnavailable);
  expect(await a.store.find('a', id)).toBeUndefined();
});
