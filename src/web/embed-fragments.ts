import { readIfOpen, requireOpen } from '../access/channel-access.ts';
import type { Engine } from '../journal/engine.ts';
import { fragmentQuerySchema, parse } from '../protocol/schemas.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import { minuteAt, pageSnapshot } from './page-snapshot.ts';
import { fileOf } from './pages/assets.ts';
import { embedFragment } from './pages/fragment.ts';

/** The element with its content, for the first paint of pages that embed a channel. */
export interface EmbedFragments {
  /** `query`: attributes of the element as texts. Throws the refusal if they are invalid or if not everyone may read the channel. */
  read(channelId: string, query: unknown): Promise<string>;
}

export function createEmbedFragments({
  engine,
  streams,
  publicUrl,
  embedHosts,
  now,
}: {
  engine: Engine;
  streams: ChannelStreams;
  publicUrl: string;
  /** Hosts of posts on other sites that readers may open in a frame. */
  embedHosts: readonly string[];
  now: () => number;
}): EmbedFragments {
  const style = fileOf('element.css');
  return {
    async read(channelId, query) {
      const attributes = parse(fragmentQuerySchema, query);
      const read = await readIfOpen({ engine, streams }, undefined, channelId, (id) =>
        pageSnapshot(streams, undefined, id, attributes.limit),
      );
      const { found: snapshot } = requireOpen(undefined, read);
      return embedFragment({ snapshot, publicUrl, style, at: minuteAt(now()), embedHosts, attributes });
    },
  };
}
