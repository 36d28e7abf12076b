import { type Request, type Response, Router } from 'express';
import { readStreamIfOpen, requireOpen } from '../access/channel-access.ts';
import { cachingOf } from '../api/read-routes.ts';
import { challenge, etagOf, sendJson } from '../http/answers.ts';
import { credentialsOf } from '../http/request-identity.ts';
import type { Engine } from '../journal/engine.ts';
import type { Channel } from '../protocol/model.ts';
import { correctionsFeedQuerySchema, feedQuerySchema, parse } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import { readShared } from '../streams/shared-answers.ts';
import type { FeedFormat, Metrics } from '../telemetry/metrics.ts';
import type { Brand } from './brand/brand.ts';
import { atom, atomEntry } from './feeds/atom.ts';
import { correctionsAtom, correctionsLinksOf, correctionsNotice, readCorrectionsFeed } from './feeds/corrections-feed.ts';
import {
  correctionsFeed,
  type FeedFile,
  type FeedFilter,
  type FeedPage,
  type FeedPlace,
  feedTypes,
  linksOf,
  publisherOf,
  queryOf,
} from './feeds/feed-page.ts';
import { type FeedQuery, readFeedPage } from './feeds/feed-reader.ts';
import { jsonFeed, jsonFeedItem } from './feeds/json-feed.ts';
import { jsonLd } from './feeds/json-ld.ts';
import { noticePage } from './feeds/members-notice.ts';
import { ninjs } from './feeds/ninjs.ts';
import { inTurns } from './feeds/time-slices.ts';

/**
 * A channel in feed formats of other programs, always in the reader's view. Each page is built once for all requests between two changes
 * of the channel.
 */
export interface FeedContext {
  engine: Engine;
  streams: ChannelStreams;
  publicUrl: string;
  metrics: Metrics;
  brand: Brand | undefined;
}

interface Format {
  name: FeedFormat;
  /** Media type. */
  type: string;
  write: (page: FeedPage, filter: FeedFilter) => string | Promise<string>;
  /** For formats that people read: an anonymous reader of a members channel gets its description and a link to sign in. */
  hasNotice?: boolean;
}

const formats: Readonly<Record<FeedFile, Format>> = {
  'feed.atom': { name: 'atom', type: `${feedTypes['feed.atom'].type}; charset=utf-8`, write: atomInTurns, hasNotice: true },
  'feed.json': { name: 'json-feed', type: feedTypes['feed.json'].type, write: jsonFeedInTurns, hasNotice: true },
  'liveblog.jsonld': { name: 'json-ld', type: feedTypes['liveblog.jsonld'].type, write: jsonLd },
  'ninjs.json': { name: 'ninjs', type: 'application/json; charset=utf-8', write: ninjs },
};

async function atomInTurns(page: FeedPage, filter: FeedFilter): Promise<string> {
  return atom(page, filter, await inTurns(page.posts, (post) => atomEntry(post, page)));
}

async function jsonFeedInTurns(page: FeedPage): Promise<string> {
  return jsonFeed(page, await inTurns(page.posts, (post) => jsonFeedItem(post, page)));
}

/** A page of a feed, as requested. */
interface RequestedPage {
  name: FeedFormat;
  /** Media type. */
  type: string;
  /** Identifies the page among the answers of its channel. */
  key: string;
  writePage: (channelId: string) => Promise<WrittenPage | 'gone'>;
  /** The answer for an anonymous reader of a members channel. */
  writeNotice?: (channel: Channel) => Promise<string>;
}

interface WrittenPage {
  text: string;
  etag: string;
  channel: Channel;
  next: string | undefined;
  characters: number;
}

export function feedRoutes({ engine, streams, publicUrl, metrics, brand }: FeedContext): Router {
  const publisher = publisherOf(brand, publicUrl);
  const router = Router({ caseSensitive: true });
  for (const [file, { name, type, write, hasNotice }] of Object.entries(formats)) {
    router.get(`/channels/:channelId/${file}`, (req, res) => {
      const query = parse(feedQuerySchema, req.query);
      return answer(req, res, {
        name,
        type,
        key: `${file} ${queryOf(query, query)}`,
        writePage: (channelId) => writePage(channelId, file, query, write),
        ...(hasNotice && {
          writeNotice: async (channel) => write({ ...noticePage(channel, file, query, publicUrl), publisher }, query),
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
      writePage: (channelId) => writeCorrections(channelId, query),
      writeNotice: async (channel) => correctionsNotice(channel, { publicUrl, publisher }),
    });
  });
  return router;

  async function answer(req: Request, res: Response, { name, type, key, writePage, writeNotice }: RequestedPage): Promise<void> {
    const channelId = String(req.params.channelId);
    const credentials = credentialsOf(res);
    const read = await readStreamIfOpen({ engine, streams }, credentials, channelId, async (stream) => {
      const page = await readShared(stream, key, () => writePage(channelId));
      if (page === 'gone') return page;
      return { page, channel: stream.channel.revision > page.channel.revision ? stream.channel : page.channel };
    });
    if (read.status === 'closed' && credentials === undefined && writeNotice !== undefined) {
      // A request with a token would get another answer.
      res.set('WWW-Authenticate', challenge);
      return sendJson(res, await writeNotice(read.channel), { ...cachingOf(res, read.channel), type });
    }
    const { channel, found } = requireOpen(credentials, read);
    const { text, etag, next } = found.page;
    metrics.feedPages.inc({ format: name });
    if (next !== undefined) res.set('Link', `<${next}>; rel="next"`);
    sendJson(res, text, { ...cachingOf(res, channel), etag, type });
  }

  async function writePage(
    channelId: string,
    file: string,
    query: FeedQuery,
    write: Format['write'],
  ): Promise<WrittenPage | 'gone'> {
    const found = await readFeedPage(engine, channelId, query);
    if (found === undefined) return 'gone';
    const { channel, posts, next, offset } = found;
    const links = linksOf(publicUrl, channel, file, query, placeOf(query), next && placeOf(next));
    const isFirst = query.before === undefined && query.after === undefined;
    const text = await write({ channel, posts, whole: isFirst && next === undefined, offset, links, publisher }, query);
    return { text, etag: etagOf(text), channel, next: links.next, characters: text.length };
  }

  async function writeCorrections(channelId: string, query: FeedPlace & { limit: number }): Promise<WrittenPage | 'gone'> {
    const found = await readCorrectionsFeed(engine, channelId, query);
    if (found === undefined) return 'gone';
    const { channel, corrections, next } = found;
    const links = correctionsLinksOf(publicUrl, channel, placeOf(query), next && placeOf(next));
    const text = correctionsAtom(channel, corrections, { links, publisher });
    return { text, etag: etagOf(text), channel, next: links.next, characters: text.length };
  }
}

/** Leaves out values that are the default, so that each page has one URL. */
function placeOf(place: FeedPlace): FeedPlace {
  return { ...place, limit: place.limit === limits.feedPageDefault ? undefined : place.limit };
}
