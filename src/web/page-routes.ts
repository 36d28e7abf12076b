import { type Request, type Response, Router } from 'express';
import { type IfOpen, readIfOpen, readStreamIfOpen, withStream } from '../access/channel-access.ts';
import { type Credentials, type Identity, isUnverified } from '../access/identity.ts';
import type { ResponseBody } from '../http/answer-body.ts';
import { sendBody, sendProblem } from '../http/answers.ts';
import { type BuildStep, inTurns } from '../http/build-steps.ts';
import { type BuildClient, type Builds, buildClientOf } from '../http/builds.ts';
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
import type { ChannelStream } from '../streams/channel-stream.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import type { Shareable } from '../streams/shared-answers.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Brand } from './brand/brand.ts';
import type { ListedCorrection } from './corrections/channel-corrections.ts';
import { createCorrectionPages } from './corrections/correction-pages.ts';
import { createVersionPages } from './corrections/version-pages.ts';
import type { WordDiffs } from './corrections/word-diffs.ts';
import { type FrontPage, FrontPages, isSharedPage } from './page-data/front-page.ts';
import { minuteAt, pageSnapshot } from './page-data/page-snapshot.ts';
import { readPageWindow, type WindowPosition } from './page-data/page-window.ts';
import { readSelection } from './page-data/post-selection.ts';
import { sendErrorPage, wantsPage } from './page-errors.ts';
import { loadAssets } from './pages/assets.ts';
import { correctionsPage } from './pages/corrections.ts';
import { indexPage } from './pages/index.ts';
import { languageFor } from './pages/language.ts';
import { type LivePage, livePage, membersNotice, postRenderer, postsOf } from './pages/live.ts';
import { selectedPostRenderer, selectionPage } from './pages/selection.ts';
import { versionsPage } from './pages/versions.ts';
import { type WithdrawnPage, withdrawnPage } from './pages/withdrawn.ts';
import type { SharedBuilds } from './shared-builds.ts';
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
  builds: Builds;
  sharedBuilds: SharedBuilds;
  now: () => number;
  metrics: Metrics;
  brand: Brand | undefined;
  /** Origins whose scripts pages load. */
  sources: readonly string[];
  /** Hosts of posts on other sites that a reader may open in a frame. */
  embedHosts: readonly string[];
}

export function pageRoutes(context: PageContext): Router {
  const { engine, streams, identity, cookie, publicUrl, basePath, hasIdleLimit, diffs, now, metrics } = context;
  const { builds, sharedBuilds } = context;
  const { brand, sources, embedHosts } = context;
  const access = { engine, streams };
  const shared = { publicUrl, hasIdleLimit, embeds: embedNames(embedHosts) };
  const router = Router({ caseSensitive: true });
  const assets = loadAssets({ basePath, brand });
  const frontPages = new FrontPages({ engine, streams });
  const versionPages = createVersionPages({ engine, diffs, builds: sharedBuilds, assets });
  const correctionPages = createCorrectionPages({ engine, diffs, builds: sharedBuilds, assets, publicUrl });
  const headers = pageHeaders({ sources, embedHosts });
  const resume = resumeSession(identity, cookie);

  router.get('/', headers, resume, async (req, res) => {
    const query = parse(channelsQuerySchema, req.query);
    const credentials = credentialsOf(res);
    const visitor = visitorOf(res, req.originalUrl);
    const language = languageFor(req, res);
    const unverified = isUnverified(credentials);
    const at = minute();
    const isPrivate = unverified || isForOneBrowser(res);
    const render = (front: FrontPage) =>
      indexPage({ ...front, visitor, isUnverified: unverified, language, publicUrl, assets, at });
    if (isSharedPage(query)) {
      const front = await frontPages.readFirst(credentials);
      metrics.frontPages.inc({ live: front.live?.next === null ? 'all' : 'newest' });
      const make = () => render(front);
      return sendPage(res, visitor ? make() : frontPages.rendered(front, `${language} ${at} ${unverified}`, make), isPrivate);
    }
    const page = await builds.run(buildClientOf(req, res), (step) =>
      frontPages.read(credentials, query, {
        step,
        async use(front) {
          if (front.isFirst) metrics.frontPages.inc({ live: front.live?.next === null ? 'all' : 'newest' });
          const page = render(front);
          await step(Buffer.byteLength(page));
          return page;
        },
      }),
    );
    sendPage(res, page, isPrivate);
  });

  router.get<{ channelId: string }>('/live/:channelId', headers, resume, async (req, res) => {
    const { before, after, filter, order } = parse(livePageQuerySchema, req.query);
    if (filter === 'corrections') return void res.redirect(302, onServer(correctionsPath(req.params.channelId), basePath));
    if (filter !== undefined || order !== undefined) return await sendSelection(req, res, { filter, order, before, after });
    const place = before !== undefined ? { before } : after !== undefined ? { after } : undefined;
    const visitor = visitorOf(res, req.originalUrl);
    const read = await readBuilt(req, res, {
      key: `page ${JSON.stringify(place)}`,
      async make(stream, at, step) {
        const found = await readPage(stream, place, step);
        if (found === 'gone') return found;
        const { snapshot, window, channel } = found;
        // The position is above the newest post: show the newest posts.
        const isPast = window?.ceiling === null && window.posts.length === 0;
        return await builtPage({ snapshot, window: isPast ? undefined : window, visitor, ...shared, assets, at }, channel, step);
      },
    });
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    sendPage(res, read.found.body);
  });

  // Before the pages of posts: `corrections` is not the id of a post, which is a UUID.
  router.get<{ channelId: string }>('/live/:channelId/corrections', headers, resume, async (req, res) => {
    const { before } = parse(correctionsPageQuerySchema, req.query);
    const client = buildClientOf(req, res);
    const credentials = credentialsOf(res);
    const read = await readIfOpen(access, credentials, req.params.channelId, (channelId) =>
      withStream(streams, credentials, channelId, (stream) => correctionPages.read(stream, { before, client })),
    );
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    const { channel, found } = read;
    for (const { change } of found.corrections) countShown(change);
    const visitor = visitorOf(res, req.originalUrl);
    const isShared = visitor === undefined && found.channel.revision === channel.revision;
    sendPage(res, isShared ? found.page : correctionsPage({ ...found, channel, before, visitor, publicUrl, assets }));
  });

  router.get<{ channelId: string; postId: string }>('/live/:channelId/:postId', headers, resume, async (req, res) => {
    const postId = postIdOf(req.params.postId);
    const visitor = visitorOf(res, req.originalUrl);
    const read = await readBuilt(req, res, {
      key: `post ${postId}`,
      async make(stream, at, step) {
        const post = await engine.post(stream.channelId, postId);
        if (post === undefined) throw new Refusal('not-found', missing.post);
        const found = await readPage(stream, { around: post.post.seq }, step);
        if (found === 'gone') return found;
        const { snapshot, window, channel } = found;
        const shown = window?.posts.find(({ id }) => id === postId);
        if (shown === undefined) throw new Refusal('not-found', missing.post);
        if (isWithdrawn(shown)) {
          const withdrawn = { channel: snapshot.channel, post: shown, cursor: snapshot.cursor };
          return { withdrawn, channel, characters: 0 };
        }
        return await builtPage({ snapshot, window, marked: postId, visitor, ...shared, assets, at }, channel, step);
      },
    });
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    if ('withdrawn' in read.found) return sendWithdrawn(req, res, read.found.withdrawn);
    sendPage(res, read.found.body);
  });

  router.get<{ channelId: string; postId: string }>('/live/:channelId/:postId/versions', headers, resume, async (req, res) => {
    const postId = postIdOf(req.params.postId);
    const { before } = parse(versionsQuerySchema, req.query);
    const client = buildClientOf(req, res);
    const credentials = credentialsOf(res);
    const read = await readIfOpen(access, credentials, req.params.channelId, (channelId) =>
      readVersionsOf(credentials, channelId, { postId, before, client }),
    );
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
    const visitor = visitorOf(res, req.originalUrl);
    const read = await readBuilt(req, res, {
      key: `selection ${JSON.stringify(selection)}`,
      async make(stream, at, step) {
        const found = await readSelection(engine, stream.channelId, selection);
        if (found === undefined) return 'gone';
        const channel = await newestChannel(stream);
        if (channel === 'gone') return channel;
        const rendered = await inTurns(found.posts, selectedPostRenderer({ ...found, channel, assets }), step);
        const page = selectionPage({ ...found, channel, selection, visitor, publicUrl, assets, at, rendered });
        return await bytesOf(page, channel, step);
      },
    });
    if (read.status === 'closed') return sendNotice(req, res, read.channel);
    sendPage(res, read.found.body);
  }

  /** A page of a channel, for all anonymous readers of this minute, or for this visitor alone. */
  async function readBuilt<T extends Shareable & { channel: Channel }>(
    req: Request<{ channelId: string }>,
    res: Response,
    { key, make }: { key: string; make: (stream: ChannelStream, at: string, step: BuildStep) => Promise<T | 'gone'> },
  ): Promise<IfOpen<T>> {
    const client = buildClientOf(req, res);
    const at = minute();
    const isShared = visitorOf(res, req.originalUrl) === undefined;
    return await readStreamIfOpen(access, credentialsOf(res), req.params.channelId, (stream) =>
      sharedBuilds.read(stream, { key: isShared ? `${key} ${at}` : undefined, client, make: (step) => make(stream, at, step) }),
    );
  }

  async function builtPage(page: LivePage, channel: Channel, step: BuildStep): Promise<BuiltPage> {
    const rendered = await inTurns(postsOf(page), postRenderer(page), step);
    return await bytesOf(livePage({ ...page, rendered }), channel, step);
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
  async function readPage(stream: ChannelStream, place: WindowPosition | undefined, step: BuildStep) {
    const snapshot = await pageSnapshot(stream);
    if (snapshot === 'gone') return snapshot;
    await step();
    // Read after the snapshot: its posts may be newer than the cursor, never older.
    const window = place && (await readPageWindow(engine, stream.channelId, place, snapshot.posts[0]?.seq ?? 0));
    const channel = window === undefined ? snapshot.channel : await newestChannel(stream);
    return channel === 'gone' ? channel : { snapshot, window, channel };
  }

  /** Read last: if access was restricted while posts were read, some of them may be newer than the restriction. */
  async function newestChannel({ channelId }: ChannelStream): Promise<Channel | 'gone'> {
    const read = await engine.channel(channelId);
    if (read.status !== 'found') return 'gone';
    const { latestPostAt: _, ...channel } = read.channel;
    return channel;
  }

  async function readVersionsOf(
    credentials: Credentials,
    channelId: string,
    { postId, before, client }: { postId: string; before: number | undefined; client: BuildClient },
  ) {
    const read = await engine.post(channelId, postId);
    if (read === undefined) return undefined;
    const top = Math.min(read.post.revision, (before ?? Number.POSITIVE_INFINITY) - 1);
    return await withStream(streams, credentials, channelId, (stream) => versionPages.read(stream, { postId, top, client }));
  }
}

interface BuiltPage extends Shareable {
  /** In one piece, whose digest is computed once for all requests. */
  body: readonly Buffer[];
  channel: Channel;
}

async function bytesOf(page: string, channel: Channel, step: BuildStep): Promise<BuiltPage> {
  const bytes = Buffer.from(page);
  await step(bytes.length);
  return { body: [bytes], channel, characters: bytes.length };
}

const howShown = { compared: 'by-word', both: 'both-texts', whole: 'alone', linked: 'linked' } as const;

function sendPage(res: Response, page: ResponseBody, isPrivate = isForOneBrowser(res)): void {
  res.vary('Cookie');
  sendBody(res, page, { cache: isPrivate ? 'private' : 'public', type: 'text/html; charset=utf-8' });
}
