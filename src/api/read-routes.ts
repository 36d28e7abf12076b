import { type Request, type Response, Router } from 'express';
import { readIfOpen, requireOpen, visibleChannel } from '../access/channel-access.ts';
import { credentialHeaders, postEtag, sendBody, sendJson, vary } from '../http/answers.ts';
import { inTurns } from '../http/build-steps.ts';
import { type Builds, buildClientOf } from '../http/builds.ts';
import { credentialsOf, isForOneBrowser, principalOf, requirePrincipal } from '../http/request-identity.ts';
import type { ChannelsPage, Engine, Renderer } from '../journal/engine.ts';
import { tags } from '../journal/post-tags.ts';
import { liveLimits } from '../live/live-limits.ts';
import { oneShotCatchUp, readOneShot } from '../live/one-shot-catch-up.ts';
import { poll } from '../live/polls.ts';
import { cursorFrom, postIdOf } from '../live/read-parameters.ts';
import { type LiveContext, stream } from '../live/sse-streams.ts';
import { countCatchUp } from '../live/subscription.ts';
import { formatCursor } from '../protocol/cursor.ts';
import { type AuthorPost, type Channel, type ChannelOrder, isWithdrawn, readerView } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayAuthor, mayEdit, type Principal, visibleDesk } from '../protocol/rights.ts';
import * as schemas from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { readSnapshot } from '../streams/snapshots.ts';

/**
 * The HTTP routes for reading. Text of posts and channels is always read under an erasure guard, so that erased text is never
 * sent: `streams.guarded` repeats a read of the journal during which something was erased, and reads of a channel stream have
 * their own guard (`streams/catch-up.ts`). The audit trail contains no text, so it needs no guard.
 */
export interface ReaderContext extends LiveContext {
  engine: Engine;
  renderer: Renderer;
  builds: Builds;
}

export function readerRoutes(context: ReaderContext): Router {
  const { engine, streams, renderer, builds } = context;
  const router = Router({ caseSensitive: true });

  router.get('/channels', async (req, res) => {
    const query = schemas.parse(schemas.channelsQuerySchema, req.query);
    const { complete, ...page } = await streams.guarded(() => listChannels(engine, principalOf(res), query));
    vary(res, credentialHeaders);
    sendJson(res, complete ? page : { ...page, complete }, cachingOf(res));
  });

  router.get('/channels/:channelId', async (req, res) => {
    const { channel } = await streams.guarded(() => visibleChannel(engine, credentialsOf(res), req.params.channelId));
    const { latestPostAt: _, ...bare } = channel;
    sendJson(res, bare, { ...cachingOf(res, channel), etag: `"${channel.revision}"` });
  });

  router.get('/channels/:channelId/snapshot', async (req, res) => {
    const began = context.now();
    const { limit } = schemas.parse(schemas.snapshotQuerySchema, req.query);
    const query = { posts: limit, bytes: limits.answerBytes };
    const { pieces, channel } = await readOneShot(context, credentialsOf(res), req.params.channelId, (stream) =>
      readSnapshot(stream, query),
    );
    countCatchUp(context, { mode: 'snapshot', reset: false }, began);
    sendBody(res, pieces, cachingOf(res, channel));
  });

  router.get('/channels/:channelId/events', async (req, res) => {
    const { after, limit, posts, wait } = schemas.parse(schemas.eventsQuerySchema, req.query);
    const query = { after: cursorFrom(after), limit, posts };
    if (wait !== undefined) await poll(context, req, res, { ...query, waitMs: wait * 1_000 });
    else {
      const began = context.now();
      const { encoded, channel } = await readOneShot(context, credentialsOf(res), req.params.channelId, (stream) =>
        oneShotCatchUp(stream, query),
      );
      countCatchUp(context, encoded, began);
      sendJson(res, encoded.json, cachingOf(res, channel));
    }
    // The admission ends before the client has received the response, because a slow client can take long.
    context.admission.end(res);
  });

  router.get('/channels/:channelId/stream', stream(context));

  async function readAllowed<T>(req: Request, res: Response, read: (channelId: string) => Promise<T>) {
    const credentials = credentialsOf(res);
    return requireOpen(credentials, await readIfOpen({ engine, streams }, credentials, String(req.params.channelId), read));
  }

  router.get('/channels/:channelId/posts', async (req, res) => {
    // Express parses the query each time it is accessed.
    const given = req.query;
    const { before, after, kind, keyEvent, source, limit } = schemas.parse(schemas.postsQuerySchema, given);
    const wanted = [
      ...(kind === undefined ? [] : [tags.kind(kind)]),
      ...(keyEvent === undefined ? [] : [tags.keyEvent(keyEvent)]),
      ...(source === undefined ? [] : [tags.source(source)]),
    ];
    const query = { limit, bytes: liveLimits.postsBytes, tags: wanted };
    const bounds = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
    const { channel, found: page } = await readAllowed(req, res, (channelId) => engine.posts(channelId, { ...query, ...bounds }));
    if (page === undefined) throw new Refusal('not-found', missing.channel);
    const { posts, position, more } = page;
    if (more) res.set('Link', `<${nextPage(req, given, posts, after !== undefined && before === undefined)}>; rel="next"`);
    const seen = posts.map(viewFor(res, channel.id));
    sendJson(res, { posts: seen, cursor: formatCursor(position), more }, postCaching(res, channel));
  });

  router.get('/channels/:channelId/posts/:postId', async (req, res) => {
    const postId = postIdOf(req.params.postId);
    const { channel, found: read } = await readAllowed(req, res, (channelId) => engine.post(channelId, postId));
    if (read === undefined) throw new Refusal('not-found', missing.post);
    const seen = JSON.stringify(viewFor(res, channel.id)(read.post));
    const etag = postEtag(read.post.revision, seen, isAuthor(res, channel.id) ? 'author' : 'reader', renderer);
    sendJson(res, seen, { ...postCaching(res, channel), etag });
  });

  router.get('/channels/:channelId/posts/:postId/revisions', async (req, res) => {
    const postId = postIdOf(req.params.postId);
    const query = schemas.parse(schemas.revisionsQuerySchema, req.query);
    const { channel, found } = await builds.run(buildClientOf(req, res), (step) =>
      readAllowed(req, res, async (channelId) => {
        const page = await engine.revisions(channelId, postId, { ...query, bytes: limits.answerBytes });
        await step();
        // Read after the page, so that a withdrawal between the two reads is seen.
        const read = await engine.post(channelId, postId);
        if (read === undefined || page === undefined) throw new Refusal('not-found', missing.post);
        if (isWithdrawn(read.post) && !isAuthor(res, channelId)) throw new Refusal('not-found', missing.versions);
        const view = viewFor(res, channelId);
        const revisions = await inTurns(page.revisions, (post) => JSON.stringify(view(post)), step);
        return `{"revisions":[${revisions.join(',')}],"more":${page.more}}`;
      }),
    );
    sendJson(res, found, postCaching(res, channel));
  });

  router.get('/channels/:channelId/corrections', async (req, res) => {
    const { before, limit } = schemas.parse(schemas.correctionsQuerySchema, req.query);
    const query = before === undefined ? { limit } : { before, limit };
    const { channel, found: page } = await readAllowed(req, res, (channelId) => engine.corrections(channelId, query));
    if (page === undefined) throw new Refusal('not-found', missing.channel);
    const { corrections, position, more } = page;
    sendJson(res, { corrections, cursor: formatCursor(position), more }, cachingOf(res, channel));
  });

  router.get('/channels/:channelId/journal', async (req, res) => {
    const query = schemas.parse(schemas.journalQuerySchema, req.query);
    const { channel } = await visibleChannel(engine, credentialsOf(res), req.params.channelId);
    if (!mayEdit(requirePrincipal(res), channel.id)) throw new Refusal('forbidden');
    const page = await engine.journal(channel.id, query);
    if (page === undefined) throw new Refusal('not-found', missing.channel);
    sendJson(res, page, { cache: 'private' });
  });

  return router;
}

export interface ChannelsQuery {
  state?: Channel['state'] | undefined;
  /** Only with `state`. */
  order?: ChannelOrder | undefined;
  limit: number;
  page?: string | undefined;
}

/** The channels that the requester may know about. Throws a `Refusal` if `page` is not the `next` of an earlier page. */
export async function listChannels(
  engine: Engine,
  who: Principal | undefined,
  { state, order, limit, page }: ChannelsQuery,
): Promise<ChannelsPage> {
  const read = await engine.channels({
    limit,
    desk: visibleDesk(who),
    ...(state === undefined ? {} : order === undefined ? { state } : { state, order }),
    ...(page === undefined ? {} : { page }),
  });
  if (read !== undefined) return read;
  throw new Refusal('invalid-body', { errors: [{ path: 'page', message: 'Must be the `next` of an earlier page.' }] });
}

function nextPage(req: Request, given: Request['query'], posts: AuthorPost[], upwards: boolean): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(schemas.postsQuerySchema.shape)) if (name in given) query.set(name, String(given[name]));
  const edge = upwards ? posts[0] : posts.at(-1);
  if (edge !== undefined) query.set(upwards ? 'after' : 'before', String(edge.seq));
  return `${req.baseUrl}${req.path}?${query}`;
}

function isAuthor(res: Response, channelId: string): boolean {
  return mayAuthor(principalOf(res), channelId);
}

function viewFor(res: Response, channelId: string) {
  return isAuthor(res, channelId) ? (post: AuthorPost) => post : readerView;
}

export type Caching = { cache: 'public' | 'private' };

/**
 * Public responses may be cached and must be revalidated. Other responses, and all responses to a browser with a session, must
 * not be stored.
 */
export function cachingOf(res: Response, channel?: Channel): Caching {
  if (isForOneBrowser(res)) return { cache: 'private' };
  if (channel !== undefined) return { cache: channel.access === 'public' ? 'public' : 'private' };
  return { cache: principalOf(res) === undefined ? 'public' : 'private' };
}

/** The caching of responses with posts, whose content depends on the rights of the requester. */
function postCaching(res: Response, channel: Channel): Caching {
  vary(res, credentialHeaders);
  return isAuthor(res, channel.id) ? { cache: 'private' } : cachingOf(res, channel);
}
