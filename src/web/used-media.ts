import type { Journal } from '../journal/engine.ts';
import { type MediaUse, useOfMedia } from '../journal/post-tags.ts';
import type { Reading } from '../journal/read-guard.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';

/**
 * Whether the channel of a stream uses a medium now. A medium that is used is remembered until the stream learns of a later entry, an
 * erasure or another history, so that a busy picture needs no read of the journal for each request.
 */
export interface UsedMedia {
  /** `requireReadable`: called after a read of the journal, which may be newer than the access that was checked before. */
  isUsed(stream: ChannelStream, id: string, requireReadable: () => Promise<unknown>): Promise<boolean>;
}

export function createUsedMedia(engine: Pick<Journal, 'posts'>): UsedMedia {
  const known = new WeakMap<ChannelStream, Map<string, Reading<MediaUse>>>();

  return {
    async isUsed(stream, id, requireReadable) {
      const own = known.get(stream) ?? new Map<string, Reading<MediaUse>>();
      known.set(stream, own);
      const before = own.get(id);
      if (before !== undefined && isCurrent(before, stream)) return true;
      own.delete(id);
      const read = () =>
        stream.guard.reading(async () => {
          const use = await useOfMedia(engine, stream.channel, id);
          await requireReadable();
          return use;
        });
      let reading: Reading<MediaUse> | undefined;
      const isUsed = await stream.guard.use(
        async () => {
          reading = await read();
          return reading;
        },
        (use) => use.isUsed,
      );
      if (isUsed !== true) return false;
      if (reading !== undefined) own.set(id, reading);
      return true;
    },
  };
}

function isCurrent({ value, isValid }: Reading<MediaUse>, { head, closed }: ChannelStream): boolean {
  return isValid() && !closed && value.position?.epoch === head.epoch && head.offset <= value.position.offset;
}
