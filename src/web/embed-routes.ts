import { Router } from 'express';
import { readableChannel, visibleChannel } from '../access/channel-access.ts';
import { sendBody, sendJson } from '../http/answers.ts';
import { isBelow } from '../http/base-path.ts';
import { buildClientOf } from '../http/builds.ts';
import { pageHeaders } from '../http/headers.ts';
import type { Engine } from '../journal/engine.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { embedQuerySchema, oembedQuerySchema, parse } from '../protocol/schemas.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import type { Brand } from './brand/brand.ts';
import type { EmbedFragments } from './embed-fragments.ts';
import { fileOf } from './pages/assets.ts';
import { embedPage, oembedOf } from './pages/embed.ts';

/**
 * A channel in a frame for any page, its fragment for pages with the element, and oEmbed, by which other systems create such a frame.
 * Requests are always anonymous: sessions are ignored, so the page around the frame cannot act as its reader.
 */
export function embedRoutes({
  engine,
  streams,
  publicUrl,
  brand,
  embedHosts,
  fragments,
}: {
  engine: Engine;
  streams: ChannelStreams;
  publicUrl: string;
  brand: Brand | undefined;
  /** Hosts of posts on other sites that a reader may open in a frame. */
  embedHosts: readonly string[];
  fragments: EmbedFragments;
}): Router {
  const router = Router({ caseSensitive: true });
  const files = { script: fileOf('frame.js'), style: fileOf('frame.css') };

  // The only page that other sites may frame.
  router.get<{ channelId: string }>('/embed/:channelId', pageHeaders({ frameAncestors: '*', embedHosts }), async (req, res) => {
    const attributes = parse(embedQuerySchema, req.query);
    const { channel } = await streams.guarded(() => visibleChannel(engine, undefined, req.params.channelId));
    const root = req.path.endsWith('/') ? '../../' : '../';
    const page = embedPage({ channel, publicUrl, root, files, brand, embedHosts, attributes });
    sendJson(res, page, { cache: 'public', type: 'text/html; charset=utf-8' });
  });

  router.get<{ channelId: string }>('/embed/:channelId/fragment', async (req, res) => {
    const fragment = await fragments.read(req.params.channelId, req.query, buildClientOf(req, res));
    sendBody(res, fragment, { cache: 'public', type: 'text/html; charset=utf-8' });
  });

  router.get('/oembed', async (req, res) => {
    const { url, format, ...size } = parse(oembedQuerySchema, req.query);
    if (format !== 'json') throw new Refusal('format-not-offered');
    const channelId = channelOf(url, publicUrl);
    if (channelId === undefined) throw new Refusal('not-found', missing.pageInUrl);
    const { channel } = await streams.guarded(() => readableChannel(engine, undefined, channelId));
    sendJson(res, oembedOf(channel, { publicUrl, brand }, size), { cache: 'public' });
  });

  return router;
}

/** The channel of a page of this server, including pages of its posts. */
function channelOf(address: string, publicUrl: string): string | undefined {
  const url = URL.parse(address);
  const home = new URL(publicUrl);
  const basePath = home.pathname.replace(/\/$/, '');
  if (url === null || url.origin !== home.origin || !isBelow(basePath, url.pathname)) return undefined;
  const [, channelId] = /^\/(?:live|embed)\/([^/]+)(?:\/[^/]+)?\/?$/.exec(url.pathname.slice(basePath.length)) ?? [];
  return channelId;
}
