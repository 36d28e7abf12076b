import { type Request, type Response, Router } from 'express';
import { readStreamIfOpen, requireOpen } from '../access/channel-access.ts';
import { cachingOf } from '../api/read-routes.ts';
import { challenge, sendBody, sendJson } from '../http/answers.ts';
import { type BuildStep, inTurns } from '../http/build-steps.ts';
import { buildClientOf } from '../http/builds.ts';
import { credentialsOf } from '../http/request-identity.ts';
import type { Engine } from '../journal/engine.ts';
import type { Channel, ReaderPost } from '../protocol/model.ts';
import { correctionsFeedQuerySchema, feedQuerySchema, parse } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import type { FeedFormat, Metrics } from '../telemetry/metrics.ts';
import type { Brand } from './brand/brand.ts';
import { atom, atomEntry } from './feeds/atom.ts';
import {
  correctionEntry,
  correctionsAtom,
  correctionsLinksOf,
  correctionsNotice,
  readCorrectionsFeed,
} from './feeds/corrections-feed.ts';
import {
  correctionsFeed,
  type FeedFile,
  type FeedFilter,
  type FeedLinks,
  type FeedPage,
  type FeedPlace,
  feedTypes,
  linksOf,
  publisherOf,
  queryOf,
} from './feeds/feed-page.ts';
import { type FeedQuery, readFeedPage } from './feeds/feed-reader.ts';
import { jsonFeed, jsonFeedItem } from './feeds/json-feed.ts';
import { jsonLd, jsonLdUpdate } from './feeds/json-ld.ts';
import { noticePage } from './feeds/members-notice.ts';
import { ninjs, ninjsItem } from './feeds/ninjs.ts';
import type { Xml } from './feeds/xml.ts';
import type { SharedBuilds } from './shared-builds.ts';

/**
 * A channel in feed formats of other programs, always in the reader's view. Each page is built once for all requests between two changes
 * of the channel.
 */
export interface FeedContext {
  engine: Engine;
  streams: ChannelStreams;
  builds: SharedBuilds;
  publicUrl: string;
  metrics: Metrics;
  brand: Brand | undefined;
}

interface Format<E extends Entry = Entry> {
  name: FeedFormat;
  /** Media type. */
  type: string;
  /** A post in this format. */
  entry: (post: ReaderPost, page: FeedPage) => E;
  write: (page: FeedPage, filter: FeedFilter, entries: readonly E[]) => string;
  /** For formats that people read: an anonymous reader of a members channel gets its description and a link to sign in. */
  hasNotice?: boolean;
}

type Entry = Xml | string;

/** Ties the entries of a format to their type. */
function format<E extends Entry>(of: Format<E>): Format {
  return { ...of, write: (page, filter, entries) => of.write(page, filter, entries as readonly E[]) };
}

const formats: Readonly<Record<FeedFile, Format>> = {
  'feed.atom': format({
    name: 'atom',
    type: `${feedTypes['feed.atom'].type}; charset=utf-8`,
    entry: atomEntry,
    write: atom,
    hasNotice: true,
  }),
  'feed.json': format({
    name: 'json-feed',
    type: feedTypes['feed.json'].type,
    entry: jsonFeedItem,
    write: (page, _filter, items) => jsonFeed(page, items),
    hasNotice: true,
  }),
  'liveblog.jsonld': format({
    name: 'json-ld',
    type: feedTypes['liveblog.jsonld'].type,
    entry: jsonLdUpdate,
    write: (page, _filter, updates) => jsonLd(page, updates),
  }),
  'ninjs.json': format({ name: 'ninjs', type: 'application/json; charset=utf-8', entry: ninjsItem, write: ninjs }),
};

/** A page of a feed, as requested. */
interface RequestedPage {
  name: FeedFormat;
  /** Media type. */
  type: string;
  /** Identifies the page among the answers of its channel. */
  key: string;
  writePage: (channelId: string, step: BuildStep) => Promise<WrittenPage | 'gone'>;
  /** The answer for an anonymous reader of a members channel. */
  writeNotice?: (channel: Channel) => string;
}

interface WrittenPage {
  /** In one piece, whose digest is computed once for all requests. */
  body: readonly Buffer[];
  channel: Channel;
  next: string | undefined;
  characters: number;
}

export function feedRoutes({ engine, streams, builds, publicUrl, metrics, brand }: FeedContext): Router {
  const publisher = publisherOf(brand, publicUrl);
  const router = Router({ caseSensitive: true });
  for (const [file, format] of Object.entries(formats)) {
    const { name, type, write, hasNotice } = format;
    router.get(`/channels/:channelId/${file}`, (req, res) => {
      const query = parse(feedQuerySchema, req.query);
      return answer(req, res, {
        name,
        type,
        key: `${file} ${queryOf(query, query)}`,
        writePage: (channelId, step) => writePage(channelId, { file, query, format, step }),
        ...(hasNotice && {
          writeNotice: (channel) => write({ ...noticePage(channel, file, query, publicUrl), publisher }, query, []),
        }),
      });
    });
  }
  router.get(`/channels/:channelId/${correctionsFeed.file}`, (req, res) => {
    const query = parse(correctionsFeedQuerySchema, req.query);
    return answer(req, res, {
      name: 'corrections-atom',
      type: `${correctionsFeed.type}; charset=utf-8`,
      key: `${correctionsFeed.file} ${queryOf({}, query)}`,
      writePage: (channelId, step) => writeCorrections(channelId, query, step),
      writeNotice: (channel) => correctionsNotice(channel, { publicUrl, publisher }),
    });
  });
  return router;

  async function answer(req: Request, res: Response, { name, type, key, writePage, writeNotice }: RequestedPage): Promise<void> {
    const channelId = String(req.params.channelId);
    const credentials = credentialsOf(res);
    const client = buildClientOf(req, res);
    const read = await readStreamIfOpen({ engine, streams }, credentials, channelId, async (stream) => {
      const page = await builds.read(stream, { key, client, make: (step) => writePage(channelId, step) });
      if (page === 'gone') return page;
      return { page, channel: stream.channel.revision > page.channel.revision ? stream.channel : page.channel };
    });
    if (read.status === 'closed' && credentials === undefined && writeNotice !== undefined) {
      // A request with a token would get another answer.
      res.set('WWW-Authenticate', challenge);
      return sendJson(res, writeNotice(read.channel), { ...cachingOf(res, read.channel), type });
    }
    const { channel, found } = requireOpen(credentials, read);
    const { body, next } = found.page;
    metrics.feedPages.inc({ format: name });
    if (next !== undefined) res.set('Link', `<${next}>; rel="next"`);
    sendBody(res, body, { ...cachingOf(res, channel), type });
  }

  async function writePage(
    channelId: string,
    { file, query, format, step }: { file: string; query: FeedQuery; format: Format; step: BuildStep },
  ): Promise<WrittenPage | 'gone'> {
    const found = await readFeedPage(engine, channelId, query, step);
    if (found === undefined) return 'gone';
    const { channel, posts, next, offset } = found;
    const links = linksOf(publicUrl, channel, file, query, placeOf(query), next && placeOf(next));
    const isFirst = query.before === undefined && query.after === undefined;
    const page = { channel, posts, whole: isFirst && next === undefined, offset, links, publisher };
    const entries = await inTurns(posts, (post) => format.entry(post, page), step);
    return await written(format.write(page, query, entries), { channel, links }, step);
  }

  async function writeCorrections(
    channelId: string,
    query: FeedPlace & { limit: number },
    step: BuildStep,
  ): Promise<WrittenPage | 'gone'> {
    const found = await readCorrectionsFeed(engine, channelId, query, step);
    if (found === undefined) return 'gone';
    const { channel, corrections, next } = found;
    const links = correctionsLinksOf(publicUrl, channel, placeOf(query), next && placeOf(next));
    const entries = await inTurns(corrections, (one) => correctionEntry(one, channel, links), step);
    return await written(correctionsAtom(channel, corrections, { links, publisher, entries }), { channel, links }, step);
  }

  async function written(
    text: string,
    { channel, links }: { channel: Channel; links: FeedLinks },
    step: BuildStep,
  ): Promise<WrittenPage> {
    const bytes = Buffer.from(text);
    await step(bytes.length);
    return { body: [bytes], channel, next: links.next, characters: bytes.length };
  }
}

/** Leaves out values that are the default, so that each page has one URL. */
function placeOf(place: FeedPlace): FeedPlace {
  return { ...place, limit: place.limit === limits.feedPageDefault ? undefined : place.limit };
}
