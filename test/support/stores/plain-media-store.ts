import { hash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type MediaStore, type MediaType, MediaUnavailable, type StoredMedia } from '../../../src/media/media-store.ts';

/**
 * A store of uploads that takes every file as it is, for tests of what the server does with uploads. Its one rendition is the file
 * itself.
 */
export interface PlainMediaStore extends MediaStore {
  /** Set: every call fails with this sentence. */
  failure: string | undefined;
  /** The calls that erased, as `erase channel post` and `delete channel`. */
  readonly erasures: string[];
}

const kinds: Record<string, { type: MediaType; name: string }> = {
  'image/jpeg': { type: 'image', name: '1200.jpg' },
  'image/webp': { type: 'image', name: '1200.webp' },
  'video/mp4': { type: 'video', name: 'video.mp4' },
  'audio/mp4': { type: 'audio', name: 'audio.m4a' },
};

export async function openPlainMediaStore(): Promise<PlainMediaStore> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  const media = new Map<string, StoredMedia & { digest: string }>();
  const claims = new Map<string, Set<string>>();
  const place = (channelId: string, id: string) => `${channelId}/${id}`;
  const store: PlainMediaStore = {
    failure: undefined,
    erasures: [],
    async add(channelId, { body, mimeType, by }) {
      check();
      const kind = kinds[mimeType];
      if (kind === undefined)
        return { status: 'refused', code: 'wrong-type', detail: `Files of type ${mimeType} are not taken.` };
      const bytes = await buffer(body);
      const digest = hash('sha256', bytes);
      const existing = [...media.values()].find((one) => one.channelId === channelId && one.digest === digest);
      if (existing !== undefined) return { status: 'existing', media: existing };
      const id = randomBytes(16).toString('base64url');
      const size = kind.type === 'audio' ? { width: null, height: null } : { width: 1200, height: 800 };
      const found: StoredMedia & { digest: string } = {
        ...{ id, channelId, type: kind.type, name: kind.name, mimeType, ...size, durationSeconds: null, digest, by },
        renditions: [{ name: kind.name, width: size.width, mimeType, bytes: bytes.length }],
        bytes: bytes.length,
        uploadedAt: '2026-11-24T12:00:00.000Z',
      };
      await writeFile(join(folder, id), bytes);
      media.set(place(channelId, id), found);
      return { status: 'added', media: found };
    },
    async find(channelId, id) {
      check();
      return media.get(place(channelId, id));
    },
    async list(channelId, { after = '', limit }) {
      check();
      const own = [...media.values()].filter((one) => one.channelId === channelId && one.id > after);
      return own.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
    },
    async restore() {
      check();
      return { status: 'refused', code: 'media-unreadable', detail: 'This store takes nothing of other servers.' };
    },
    async open(channelId, id, name) {
      check();
      const found = media.get(place(channelId, id));
      const rendition = found?.renditions.find((one) => one.name === name);
      return rendition && { path: join(folder, id), bytes: rendition.bytes, mimeType: rendition.mimeType };
    },
    pendingErasures: 0,
    newWrite: () => randomBytes(16).toString('hex'),
    async claim(channelId, id, postId, write) {
      check();
      if (!media.has(place(channelId, id))) return 'missing';
      const own = claims.get(place(channelId, id)) ?? new Set();
      claims.set(place(channelId, id), own.add(`${postId}.${write}`));
      return 'claimed';
    },
    async keep(channelId, id, postId, write) {
      check();
      if (claims.get(place(channelId, id))?.delete(`${postId}.${write}`)) claims.get(place(channelId, id))?.add(postId);
    },
    async drop(channelId, id, postId, write) {
      check();
      claims.get(place(channelId, id))?.delete(write === undefined ? postId : `${postId}.${write}`);
    },
    async expectErasure() {
      check();
    },
    async erase(channelId, postId, uses) {
      check();
      store.erasures.push(`erase ${channelId} ${postId}`);
      const held = await uses.ofPost(channelId, postId);
      for (const [where, posts] of claims) {
        const [channel = '', id = ''] = where.split('/');
        if (channel !== channelId || held.includes(id) || !posts.delete(postId)) continue;
        if (posts.size === 0 && !(await uses.isUsed(channelId, id))) await remove(where, id);
      }
      return [];
    },
    async deleteChannel(channelId) {
      check();
      store.erasures.push(`delete ${channelId}`);
      for (const [where, one] of media) if (one.channelId === channelId) await remove(where, one.id);
      return true;
    },
    async sweep() {
      check();
    },
    async ready() {
      check();
    },
    async close() {
      await rm(folder, { recursive: true, force: true });
    },
  };
  return store;

  async function remove(where: string, id: string): Promise<void> {
    media.delete(where);
    claims.delete(where);
    await rm(join(folder, id), { force: true });
  }

  function check(): void {
    if (store.failure !== undefined) throw new MediaUnavailable(store.failure);
  }
}
