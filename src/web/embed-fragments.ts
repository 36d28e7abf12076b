import { readStreamIfOpen, requireOpen } from '../access/channel-access.ts';
import type { BuildStep } from '../http/build-steps.ts';
import type { BuildClient } from '../http/builds.ts';
import type { Engine } from '../journal/engine.ts';
import { fragmentQuerySchema, parse } from '../protocol/schemas.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import { minuteAt, pageSnapshot } from './page-data/page-snapshot.ts';
import { fileOf } from './pages/assets.ts';
import { embedFragment, type FragmentAttributes } from './pages/fragment.ts';
import type { SharedBuilds } from './shared-builds.ts';

/** The element with its content, for the first paint of pages that embed a channel. */
export interface EmbedFragments {
  /** `query`: attributes of the element as texts. Throws the refusal if they are invalid or if not everyone may read the channel. */
  read(channelId: string, query: unknown, client: BuildClient): Promise<readonly Buffer[]>;
  /** The same for attributes of a program, which may be numbers, or undefined. */
  render(channelId: string, attributes?: object): Promise<string>;
}

export interface EmbedFragmentsContext {
  engine: Engine;
  streams: ChannelStreams;
  builds: SharedBuilds;
  publicUrl: string;
  /** Hosts of posts on other sites that readers may open in a frame. */
  embedHosts: readonly string[];
  now: () => number;
}

export function createEmbedFragments({
  engine,
  streams,
  builds,
  publicUrl,
  embedHosts,
  now,
}: EmbedFragmentsContext): EmbedFragments {
  const style = fileOf('element.css');
  return {
    read,
    async render(channelId, attributes = {}) {
      const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
      const body = await read(channelId, Object.fromEntries(given.map(([name, value]) => [name, String(value)])));
      return Buffer.concat(body).toString();
    },
  };

  /** Without a client: for the program that runs the server. */
  async function read(channelId: string, query: unknown, client?: BuildClient): Promise<readonly Buffer[]> {
    const attributes = parse(fragmentQuerySchema, query);
    const at = minuteAt(now());
    const key = `fragment ${at} ${JSON.stringify(Object.entries(attributes).sort())}`;
    const opened = await readStreamIfOpen({ engine, streams }, undefined, channelId, (stream) =>
      builds.read(stream, { key, client, make: (step) => makeFragment(stream, { at, attributes, step }) }),
    );
    return requireOpen(undefined, opened).found.body;
  }

  async function makeFragment(
    stream: ChannelStream,
    { at, attributes, step }: { at: string; attributes: FragmentAttributes; step: BuildStep },
  ) {
    const snapshot = await pageSnapshot(stream, attributes.limit);
    if (snapshot === 'gone') return snapshot;
    const text = await embedFragment({ snapshot, publicUrl, style, at, embedHosts, attributes }, step);
    const bytes = Buffer.from(text);
    await step(bytes.length);
    return { body: [bytes], channel: snapshot.channel, characters: bytes.length };
  }
}
