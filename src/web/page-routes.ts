import { type Request, type Response, Router } from 'express';
import { readIfOpen, withStream } from '../access/channel-access.ts';
import { type Credentials, type Identity, isUnverified } from '../access/identity.ts';
import type { ResponseBody } from '../http/answer-body.ts';
import { sendBody, sendProblem } from '../http/answers.ts';
import type { Slots } from '../http/concurrency-slots.ts';
import type { SessionCookie } from '../http/cookies.ts';
import { pageHeaders } from '../http/headers.ts';
import { credentialsOf, isForOneBrowser, resumeSession } from '../http/request-identity.ts';
import type { Engine } from '../journal/engine.ts';
import { postIdOf } from '../live/read-parameters.ts';
import { correctionsPath, onServer, type Selection } from '../protocol/addresses.ts';
import { embedNames } from '../protocol/embeds/listed-sites.ts';
import { type Channel, isWithdrawn } from '../protocol/model.ts';
import { missing, problem, Refusal } from '../protocol/problems.ts';
import {
  channelsQuerySchema,
  correctionsPageQuerySchema,
  livePageQuerySchema,
  parse,
  versionsQuerySchema,
} from '../protocol/schemas.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Brand } from './brand/brand.ts';
import type { ListedCorrection } from './corrections/channel-corrections.ts';
import { createCorrectionPages } from './corrections/correction-pages.ts';
import { createVersionPages } from './corrections/version-pages.ts';
import type { WordDiffs } from './corrections/word-diffs.ts';
import { FrontPages } from './page-data/front-page.ts';
import { minuteAt, pageSnapshot } from './page-data/page-snapshot.ts';
import { readPageWindow, type WindowPosition } from './page-data/page-window.ts';
import { readSelection } from './page-data/post-selection.ts';
import { sendErrorPage, wantsPage } from './page-errors.ts';
import { loadAssets } from './pages/assets.ts';
import { correctionsPage } from './pages/corrections.ts';
import { indexPage } from './pages/index.ts';
import { languageFor } from './pages/language.ts';
import { livePage, membersNotice } from './pages/live.ts';
import { selectionPage } from './pages/selection.ts';
import { versionsPage } from './pages/versions.ts';
import { type WithdrawnPage, withdrawnPage } from './pages/withdrawn.ts';
import { AllClientsGone, createSharedPages, hasDisconnected } from './shared-pages.ts';
import { visitorOf } from './sign-in-routes.ts';

/** The pages for anonymous and signed-in readers. They are complete without a script. */
export interface PageContext {
  engine: Engine;
  streams: ChannelStreams;
  identity: Identity;
  cookie: SessionCookie;
  publicUrl: string;
  basePath: string;
  /** Sessions have an idle limit. */
  hasIdleLimit: boolean;
  diffs: WordDiffs;
  /** Bounds how many pages of earlier versions and of corrections are built at the same time. */
  slots: Slots;
  now: () => number;
  metrics: Metrics;
  brand: Brand | undefined;
  /** Origins whose scripts pages load. */
  sources: readonly string[];
  /** Hosts of posts on other sites that a reader may open in a frame. */
  embedHosts: readonly string[];
}

export function pageRoutes(context: PageContext): Router {
  const { engine, streams, identity, cookie, publicUrl, basePath, hasIdleLimit, diffs, slots, now, metrics } = context;
  const { brand, sources, embedHosts } = context;
  const access = { engine, streams };
  const shared = { publicUrl, hasIdleLimit, embeds: embedNames(embedHosts) };
  const router = Router({ caseSensitive: true });
  const assets = loadAssets({ basePath, brand });
  const frontPages = new FrontPages({ engine, streams });
  const pages = createSharedPages({ slots });
  const versionPages = createVersionPages({ engine, diffs, pages, assets });
  const correctionPages = createCorrectionPages({ engine, diffs, pages, assets, publicUrl });
  const headers = pageHeaders({ sources, embedHosts });
  const resume = resumeSession(identity, cookie);

  router.get('/', headers, resume, async (req, res) => {
    const query = parse(channelsQuerySchema, req.query);
    const credentials = credentialsOf(res);
    const front = await frontPages.read(credentials, query);
    if (front.isFirst) metrics.frontPages.inc({ live: front.live?.next === null ? 'all' : 'newest' });
    const visitor = visitorOf(res, req.originalUrl);
    const language = languageFor(req, res);
    const unverified = isUnverified(credentials);
    const at = minute();
    const render = () => indexPage({ ...front, visitor, isUnverified: unverified, language, publicUrl, assets, at });
    const isShared = visitor === undefined && !unverified;
    const page = isShared ? frontPages.rendered(front, `${language} ${at}`, render) : render();
    sendPage(res, page, unverified || isForOneBrowser(res));
  });

  router.get<{ channelId: string }>('/live/:channelId', headers, resume, async (req, res) => {
    const { before, after, filter, order } = parse(livePageQuerySchema, req.query);
    if (filter === 'corrections') return void res.redirect(302, onServer(correctionsPath(req.params.channelId), basePath));
    if (filter !== undefined || order !== undefined) return await sendSelection(req, res, { filter, order, before, after });
    const place = before !== undefined ? { before } : after !== undefined ? { after } : undefined;
    const credentials = credentialsOf(res);
    const read = await readIfOpen(access, credentials, req.params.channelId, (channelId) =>
      readPage(credentials, channelId, place),
    );
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    const { snapshot, window } = read.found;
    const visitor = visitorOf(res, req.originalUrl);
    // The position is above the newest post: show the newest posts.
    const isPast = window?.ceiling === null && window.posts.length === 0;
    sendPage(res, livePage({ snapshot, window: isPast ? undefined : window, visitor, ...shared, assets, at: minute() }));
  });

  // Before the pages of posts: `corrections` is not the id of a post, which is a UUID.
  router.get<{ channelId: string }>('/live/:channelId/corrections', headers, resume, async (req, res) => {
    const { before } = parse(correctionsPageQuerySchema, req.query);
    const isGone = () => hasDisconnected(req, res);
    const credentials = credentialsOf(res);
    const read = await unlessAllGone(
      readIfOpen(access, credentials, req.params.channelId, (channelId) =>
        withStream(streams, credentials, channelId, (stream) => correctionPages.read(stream, { before, isGone })),
      ),
    );
    if (read === undefined) return void res.destroy();
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    const { channel, found } = read;
    for (const { change } of found.corrections) countShown(change);
    const visitor = visitorOf(res, req.originalUrl);
    const isShared = visitor === undefined && found.channel.revision === channel.revision;
    sendPage(res, isShared ? found.page : correctionsPage({ ...found, channel, before, visitor, publicUrl, assets }));
  });

  router.get<{ channelId: string; postId: string }>('/live/:channelId/:postId', headers, resume, async (req, res) => {
    const postId = postIdOf(req.params.postId);
    const credentials = credentialsOf(res);
    const read = await readIfOpen(access, credentials, req.params.channelId, async (channelId) => {
      const found = await engine.post(channelId, postId);
      if (found === undefined) throw new Refusal('not-found', missing.post);
      return await readPage(credentials, channelId, { around: found.post.seq });
    });
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    const { snapshot, window } = read.found;
    const post = window?.posts.find(({ id }) => id === postId);
    if (post === undefined) throw new Refusal('not-found', missing.post);
    if (isWithdrawn(post)) return sendWithdrawn(req, res, { channel: snapshot.channel, post, cursor: snapshot.cursor });
    const visitor = visitorOf(res, req.originalUrl);
    sendPage(res, livePage({ snapshot, window, marked: postId, visitor, ...shared, assets, at: minute() }));
  });

  router.get<{ channelId: string; postId: string }>('/live/:channelId/:postId/versions', headers, resume, async (req, res) => {
    const postId = postIdOf(req.params.postId);
    const { before } = parse(versionsQuerySchema, req.query);
    const isGone = () => hasDisconnected(req, res);
    const credentials = credentialsOf(res);
    const read = await unlessAllGone(
      readIfOpen(access, credentials, req.params.channelId, (channelId) =>
        readVersionsOf(credentials, channelId, postId, before, isGone),
      ),
    );
    if (read === undefined) return void res.destroy();
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    const { channel, found } = read;
    if (found === undefined) throw new Refusal('not-found', missing.post);
    const { post, steps, cursor } = found;
    if (isWithdrawn(post)) return sendWithdrawn(req, res, { channel, post, cursor });
    for (const step of steps) countShown(step);
    const visitor = visitorOf(res, req.originalUrl);
    const isShared = visitor === undefined && found.channel.revision === channel.revision;
    sendPage(res, isShared ? found.page : versionsPage({ ...found, channel, postId, visitor, assets }));
  });

  return router;

  function minute(): string {
    return minuteAt(now());
  }

  function countShown(change: ListedCorrection['change']): void {
    if (change !== null && change.status !== 'erased') metrics.changesShown.inc({ how: howShown[change.status] });
  }

  async function sendSelection(req: Request<{ channelId: string }>, res: Response, selection: Selection): Promise<void> {
    const read = await readIfOpen(access, credentialsOf(res), req.params.channelId, (channelId) =>
      readSelection(engine, channelId, selection),
    );
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    const { channel, found } = read;
    if (found === undefined) throw new Refusal('not-found', missing.channel);
    const visitor = visitorOf(res, req.originalUrl);
    sendPage(res, selectionPage({ ...found, channel, selection, visitor, publicUrl, assets, at: minute() }));
  }

  function sendNotice(req: { originalUrl: string }, res: Response, channel: Channel): void {
    const page = req.originalUrl;
    sendPage(res, membersNotice({ channel, page, visitor: visitorOf(res, page), publicUrl, assets }));
  }

  function sendWithdrawn(req: Request, res: Response, withdrawn: Pick<WithdrawnPage, 'channel' | 'post' | 'cursor'>): void {
    const gone = { ...problem('post-withdrawn'), status: 410, title: 'This post was withdrawn.' };
    if (!wantsPage(req)) return sendProblem(res, gone);
    res.vary('Cookie');
    const visitor = visitorOf(res, req.originalUrl);
    sendErrorPage(res, withdrawnPage({ ...withdrawn, visitor, assets }), gone);
  }

  /** Everything a page shows. Read under one guard, so that a takedown during the read repeats all of it. */
  async function readPage(credentials: Credentials, channelId: string, place: WindowPosition | undefined) {
    const snapshot = await pageSnapshot(streams, credentials, channelId);
    // Read after the snapshot: its posts may be newer than the cursor, never older.
    const window = place && (await readPageWindow(engine, channelId, place, snapshot.posts[0]?.seq ?? 0));
    return { snapshot, window };
  }

  async function readVersionsOf(
    credentials: Credentials,
    channelId: string,
    postId: string,
    before: number | undefined,
    isGone: () => boolean,
  ) {
    const read = await engine.post(channelId, postId);
    if (read === undefined) return undefined;
    const top = Math.min(read.post.revision, (before ?? Number.POSITIVE_INFINITY) - 1);
    return await withStream(streams, credentials, channelId, (stream) => versionPages.read(stream, { postId, top, isGone }));
  }
}

const howShown = { compared: 'by-word', both: 'both-texts', whole: 'alone', linked: 'linked' } as const;

/** Undefined if nobody waits for the page any more. */
async function unlessAllGone<T>(reading: Promise<T>): Promise<T | undefined> {
  return await reading.catch((error: unknown) => {
    if (!(error instanceof AllClientsGone)) throw error;
    return undefined;
  });
}

function sendPage(res: Response, page: ResponseBody, isPrivate = isForOneBrowser(res)): void {
  res.vary('Cookie');
  sendBody(res, page, { cache: isPrivate ? 'private' : 'public', type: 'text/html; charset=utf-8' });
}
