import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import { type MediaDirectory, type MediaDirectoryOptions, openMediaDirectory } from '../../../src/media/media-directory.ts';
import type { MediaUses } from '../../../src/media/media-store.ts';
import { Renderer } from '../../../src/media/renderer.ts';
import { movie } from '../samples/movies.ts';
import { patient, stored } from '../samples/uploads.ts';
import { isBelow } from './files-below.ts';

/** A store of media in a directory, with sounds that a search of its files finds. */

export const dayMs = 24 * 60 * 60 * 1_000;
export const mark = (content: string) => `the samples of ${content}`;
export const sound = (content: string) => movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from(mark(content)) });

/** A store, the journal that it asks, and a clock. */
export class Scene {
  readonly #renderer: Pick<Renderer, 'render' | 'close'>;
  folder = '';
  store!: MediaDirectory;
  /** Posts that the journal has, with their media. */
  readonly posts = new Map<string, string[]>();
  readonly deleted = new Set<string>();
  /** Writes that the journal refuses from now on. */
  readonly forbidden = new Set<string>();
  writes = 0;
  laterMs = 0;
  /** Set: the clock stands, `laterMs` after this time. */
  fixedAt: number | undefined;
  readonly uses: MediaUses = {
    isUsed: async (_, id) => [...this.posts.values()].some((media) => media.includes(id)),
    ofPost: async (_, postId) => this.posts.get(postId) ?? [],
    isDeleted: async (channelId) => this.deleted.has(channelId),
    forbid: async (_, write) => void this.forbidden.add(write),
  };

  constructor(renderer: Pick<Renderer, 'render' | 'close'>) {
    this.#renderer = renderer;
  }
  async open(options: Partial<MediaDirectoryOptions> = {}): Promise<void> {
    await this.store?.close();
    this.store = await openMediaDirectory(this.folder, {
      isShared: false,
      now: () => (this.fixedAt ?? Date.now()) + this.laterMs,
      renderer: this.#renderer,
      ...options,
    });
  }
  async add(content: string, channelId = 'a'): Promise<string> {
    return (await stored(this.store, channelId, sound(content), 'audio/mp4')).id;
  }
  /** Claims for a write of its own. */
  claim(id: string, postId: string, channelId = 'a'): Promise<'claimed' | 'missing'> {
    this.writes += 1;
    return this.store.claim(channelId, id, postId, `w${this.writes}`);
  }
  /** Claims and appends. */
  async publish(postId: string, ...media: string[]): Promise<void> {
    for (const id of media) {
      expect(await this.claim(id, postId)).toBe('claimed');
      await this.store.keep('a', id, postId, `w${this.writes}`);
    }
    this.posts.set(postId, media);
  }
  /** Erases as after a takedown. Returns what must wait. */
  async takeDown(postId: string): Promise<readonly string[]> {
    await this.store.expectErasure('a', postId);
    this.posts.delete(postId);
    return await this.store.erase('a', postId, this.uses);
  }
  /** Whether a file below the directory contains it. */
  async has(content: string): Promise<boolean> {
    return await isBelow(this.folder, mark(content));
  }
}

export interface Scenes {
  renderer: Pick<Renderer, 'render' | 'close'>;
  /** For one test. */
  scene(options?: Partial<MediaDirectoryOptions>): Promise<Scene>;
}

/** Call once in a file. All its stores share one child process, which outlives them. */
export function openScenes(): Scenes {
  const shared = new Renderer(patient);
  afterAll(() => shared.close());
  const renderer = { render: shared.render.bind(shared), close: async () => {} };
  return {
    renderer,
    async scene(options) {
      const made = new Scene(renderer);
      made.folder = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
      await made.open(options);
      onTestFinished(async () => {
        await made.store.close();
        await rm(made.folder, { recursive: true, force: true });
      });
      return made;
    },
  };
}
