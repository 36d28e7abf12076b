import { readIfOpen, requireOpen } from '../access/channel-access.ts';
import type { Engine } from '../journal/engine.ts';
import { fragmentQuerySchema, parse } from '../protocol/schemas.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import { minuteAt, pageSnapshot } from './page-data/page-snapshot.ts';
import { fileOf } from './pages/assets.ts';
import { embedFragment } from './pages/fragment.ts';

/** The element with its content, for the first paint of pages that embed a channel. */
export interface EmbedFragments {
  /** `query`: attributes of the element as texts. Throws the refusal if they are invalid or if not everyone may read the channel. */
  read(channelId: string, query: unknown): Promise<string>;
  /** The same for attributes of a program, which may be numbers, or undefined. */
  render(channelId: string, attributes?: object): Promise<string>;
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
  const read = async (channelId: string, query: unknown) => {
    const attributes = parse(fragmentQuerySchema, query);
    const found = await readIfOpen({ engine, streams }, undefined, channelId, (id) =>
      pageSnapshot(streams, undefined, id, attributes.limit),
    );
    const { found: snapshot } = requireOpen(undefined, found);
    return embedFragment({ snapshot, publicUrl, style, at: minuteAt(now()), embedHosts, attributes });
  };
  return {
    read,
    async render(channelId, attributes = {}) {
      const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
      return await read(channelId, Object.fromEntries(given.map(([name, value]) => [name, String(value)])));
    },
  };
}
