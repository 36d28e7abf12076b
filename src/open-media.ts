import { type Config, ConfigError } from './config.ts';
import type { Journal, Renderer } from './journal/engine.ts';
import { openMediaDirectory } from './media/media-directory.ts';
import { type MediaStore, MediaUnavailable } from './media/media-store.ts';
import { newsroomLimits } from './newsroom/newsroom-limits.ts';
import { mediaUses } from './newsroom/uploads.ts';
import type { Log } from './telemetry/log.ts';

export interface OpenMedia {
  store: MediaStore;
  close(): Promise<void>;
}

/**
 * Opens the store of uploads, if the configuration names one, and checks that it can be used. At the start and every hour, it
 * finishes what was interrupted and deletes what no post uses.
 */
export async function openMedia(
  { mediaDir, redisUrls }: Config,
  { engine, renderer, now, log }: { engine: Journal; renderer: Renderer; now: () => number; log: Log },
): Promise<OpenMedia | undefined> {
  if (mediaDir === undefined) return undefined;
  let store: MediaStore;
  try {
    store = await openMediaDirectory(mediaDir, { isShared: redisUrls !== undefined, now });
    await store.ready();
  } catch (error) {
    if (error instanceof MediaUnavailable) throw new ConfigError([{ name: 'PRESSBOX_MEDIA_DIR', message: error.message }]);
    throw error;
  }
  const uses = mediaUses(engine, renderer.publicUrl);
  const sweep = () => store.sweep(uses).catch((error: unknown) => log.warn({ err: error }, 'uploads could not be tidied'));
  void sweep();
  const timer = setInterval(sweep, newsroomLimits.mediaSweepMs).unref();
  return {
    store,
    async close() {
      clearInterval(timer);
      await store.close();
    },
  };
}
