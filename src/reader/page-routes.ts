import express, { type Response, Router } from 'express';
import { sendJson } from '../edge/answers.ts';
import type { SessionCookie } from '../edge/cookies.ts';
import { assetHeaders, pageHeaders } from '../edge/headers.ts';
import type { Identity } from '../edge/identity.ts';
import { isForOneBrowser, principalOf, resumeSession } from '../edge/request.ts';
import type { Engine } from '../engine/engine.ts';
import { catchUp } from '../fanout/catch-up.ts';
import type { Feeds } from '../fanout/feeds.ts';
import { formatCursor } from '../protocol/cursor.ts';
import { limits } from '../protocol/limits.ts';
import { type Channel, isWithdrawn, readerView, type Snapshot } from '../protocol/model.ts';
import { problem, Refusal } from '../protocol/problems.ts';
import { mayRead } from '../protocol/rights.ts';
import { channelsQuerySchema, parse, postsQuerySchema } from '../protocol/schemas.ts';
import { knownChannel, mustRead, postIdOf } from './access.ts';
import { sendErrorPage } from './page-errors.ts';
import { assetsDirectory, loadAssets } from './pages/assets.ts';
import { errorPage } from './pages/error.ts';
import { indexPage } from './pages/index.ts';
import { livePage, membersNotice } from './pages/live.ts';
import { listChannels } from './routes.ts';
import { visitorOf } from './sign-in-routes.ts';

/** The pages of the contract, 6: complete as the server sends them, for strangers and for whoever is signed in. */
export interface PageContext {
  engine: Engine;
  feeds: Feeds;
  identity: Identity;
  cookie: SessionCookie;
  publicUrl: string;
  now: () => number;
}

/** The scripts and styles of the pages. A page asks for several, so they are to be mounted before the limit on requests. */
export function assetRoutes(): Router {
  const router = Router({ caseSensitive: true });
  router.use(
    '/assets',
    assetHeaders(),
    // Names carry a hash of the content, so a file never changes under its name.
    express.static(assetsDirectory(), { immutable: true, maxAge: '365d', index: false, redirect: false }),
  );
  return router;
}

export function pageRoutes({ engine, feeds, identity, cookie, publicUrl, now }: PageContext): Router {
  const router = Router({ caseSensitive: true });
  const assets = loadAssets();
  const headers = pageHeaders();
  const resume = resumeSession(identity, cookie);

  router.get('/', headers, resume, async (req, res) => {
    const query = parse(channelsQuerySchema, req.query);
    const { channels, next } = await feeds.guarded(() => listChannels(engine, principalOf(res), query));
    sendPage(res, indexPage({ channels, next, visitor: visitorOf(res, req.originalUrl), publicUrl, assets }));
  });

  router.get<{ channelId: string }>('/live/:channelId', headers, resume, async (req, res) => {
    const { before } = parse(postsQuerySchema, req.query);
    const { channel } = await feeds.guarded(() => knownChannel(engine, principalOf(res), req.params.channelId));
    if (!mayRead(principalOf(res), channel)) return sendNotice(req, res, channel);
    const { snapshot, older } = await feeds.guarded(async () => ({
      snapshot: await readSnapshot(res, channel.id),
      // After the snapshot: its posts may be newer than the cursor says, never older.
      older: before === undefined ? undefined : await readOlder(res, channel.id, before),
    }));
    const at = new Date(now()).toISOString();
    const visitor = visitorOf(res, req.originalUrl);
    sendPage(res, livePage({ snapshot, ...(older && { older }), visitor, publicUrl, assets, at }));
  });

  router.get<{ channelId: string; postId: string }>('/live/:channelId/:postId', headers, resume, async (req, res) => {
    const postId = postIdOf(req.params.postId);
    const who = principalOf(res);
    const { channel, read } = await feeds.guarded(async () => {
      const { channel } = await knownChannel(engine, who, req.params.channelId);
      if (!mayRead(who, channel)) return { channel, read: undefined };
      const read = await engine.post(channel.id, postId);
      // Access may have been closed while the post was read.
      return { channel: (await knownChannel(engine, who, channel.id)).channel, read };
    });
    if (!mayRead(who, channel)) return sendNotice(req, res, channel);
    if (read === undefined) throw new Refusal('not-found');
    if (isWithdrawn(read.post)) {
      const gone = { ...problem('post-withdrawn'), status: 410, title: 'This post was withdrawn.' };
      return sendErrorPage(res, errorPage(gone, { assets }), gone);
    }
    res.redirect(302, `/live/${channel.id}?before=${read.post.seq + 1}#post-${postId}`);
  });

  return router;

  function sendNotice(req: { originalUrl: string }, res: Response, channel: Channel): void {
    const page = req.originalUrl;
    sendPage(res, membersNotice({ channel, page, visitor: visitorOf(res, page), publicUrl, assets }));
  }

  async function readSnapshot(res: Response, channelId: string): Promise<Snapshot> {
    const held = await feeds.hold(channelId);
    if (held === undefined || 'deleted' in held) throw new Refusal(held === undefined ? 'not-found' : 'channel-deleted');
    try {
      let snapshot: Snapshot | undefined;
      const query = { limit: limits.catchUpDefault, posts: limits.pageDefault };
      await catchUp(held.feed, query, (answer, channel) => {
        if (mayRead(principalOf(res), channel)) snapshot = JSON.parse(answer.snapshot ?? 'null');
      });
      if (snapshot === undefined) throw new Refusal('not-found');
      return snapshot;
    } finally {
      held.release();
    }
  }

  async function readOlder(res: Response, channelId: string, before: number) {
    const query = { before, limit: limits.pageDefault, bytes: limits.answerBytes };
    const page = await engine.posts(channelId, query);
    // Access may have been closed since the snapshot was read.
    const who = principalOf(res);
    mustRead(who, (await knownChannel(engine, who, channelId)).channel);
    if (page === undefined) throw new Refusal('not-found');
    return { before, page: { posts: page.posts.map(readerView), cursor: formatCursor(page.position), more: page.more } };
  }
}

function sendPage(res: Response, page: string): void {
  res.vary('Cookie');
  sendJson(res, page, { cache: isForOneBrowser(res) ? 'private' : 'public', type: 'text/html; charset=utf-8' });
}
