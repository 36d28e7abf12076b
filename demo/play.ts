import { setTimeout as wait } from 'node:timers/promises';
import type { AuthorClient } from '../client/lib/author-client.ts';
import { ProblemError } from '../client/lib/http.ts';
import type { Media } from '../src/protocol/model.ts';
import type { ProblemCode } from '../src/protocol/problems.ts';
import { asideAuthors, asides } from './asides.ts';
import type { Audience } from './audience.ts';
import { postIds } from './ids.ts';
import { pictureOf } from './pictures.ts';
import type { Step } from './step.ts';
import { demoChannel, openingMinutes, story } from './story.ts';

/**
 * Publishes the story through the API, as a newsroom would. After an interruption the play resumes where it stopped: it asks the
 * server what was published, post ids are fixed, and each command has its own idempotency key, so nothing is published or changed
 * twice.
 *
 * The play waits while nobody reads. A reader who opens the page sees a new post and its correction within `promisedMs`, even
 * after the end of the story.
 */
export interface Play {
  /** Needs the rights of an editor of `demoChannel.id`. */
  client: AuthorClient;
  signal?: AbortSignal;
  /** How many times faster than usual the play runs. At the usual speed it takes about three minutes. */
  speed?: number;
  log?: (line: string) => void;
  /** The address at which readers reach the server, which also serves the pictures. If it is left out, posts have no pictures. */
  publicUrl?: string;
  /** Imports the first posts as lines of an export, with dates in the past. If it is left out, they are published now. */
  importLines?: (lines: string) => Promise<unknown>;
  /** Counts the readers. If it is left out or returns undefined, the play assumes that somebody always reads. */
  audience?: () => Promise<Audience | undefined>;
}

/** A reader sees a post and a correction within this time of opening the page. Milliseconds. */
export const promisedMs = 20_000;

/** The pause before a step in milliseconds. It is longer before a longer text, to leave time to read the previous post. */
export const pauseMs = { least: 2_700, perCharacter: 10, most: 5_000 } as const;
/** A correction in one of the next steps, up to this many, is soon enough for a reader who has just opened the page. */
export const stepsNear = 3;

/** The pause after a visitor's post, so that it stays the newest post while the visitor tries to correct it. Milliseconds. */
const giveWayMs = 60_000;
/** The interval between two checks for readers. Milliseconds. */
const lookMs = 1_000;
/** The pauses before an aside, and between an aside and its correction. Milliseconds. */
const asideMs = { before: 1_500, correction: 6_000 } as const;
/** The most asides in one run. A reader who opens the page after the last one sees none. */
const asidesMost = 200;

/**
 * Resolves at the end of the story (with an `audience`, after the last aside), when the signal aborts, or when the channel is
 * ended or deleted. The play itself leaves the channel live.
 */
export async function playDemo(play: Play): Promise<void> {
  const { client, signal, speed = 1, log = () => {}, audience = async () => undefined } = play;
  const pause = (ms: number) => wait(ms / speed, undefined, { ...(signal && { signal }) });
  let arrivals = 0;
  let asidesTold = 0;
  try {
    const isNew = await openChannel(play);
    const published = await listPublished(client, signal);
    const begin = isNew && published.length === 0 ? openingMinutes.length : 0;
    const left = story.filter((step) => !isPublished(step, published));
    const known = new Set<string>([...Object.values(postIds), ...published.map(({ id }) => id)]);
    if (left.length > 0) log(isNew ? 'The demo begins.' : 'The demo resumes where it stopped.');
    for (const [at, step] of left.entries()) {
      if (at >= begin) {
        await pause(pauseOf(step));
        await meetReaders(known, left.slice(at, at + stepsNear).some(correctsNewest));
        if (step.type === 'publish') await giveWay(known);
      }
      await tell(play, step);
    }
    if (left.length > 0) log('The demo is over. The channel stays live.');
    while (play.audience !== undefined && asidesTold < asidesMost) {
      await meetReaders(known, false);
      await pause(lookMs);
    }
  } catch (error) {
    if (signal?.aborted) return;
    if (hasCode(error, 'channel-ended', 'channel-deleted')) return log('The demo stops: its channel was ended or deleted.');
    throw error;
  }

  /** Waits until somebody reads. New readers get an aside, unless the story has a correction coming soon (`isNear`). */
  async function meetReaders(known: Set<string>, isNear: boolean): Promise<void> {
    for (let now = await audience(); now !== undefined; now = await audience()) {
      const someoneCame = now.arrivals > arrivals;
      if (now.isReading) {
        arrivals = now.arrivals;
        if (someoneCame && !isNear && asidesTold < asidesMost) await tellAside(known);
        return;
      }
      await pause(lookMs);
    }
  }

  async function tellAside(known: Set<string>): Promise<void> {
    await pause(asideMs.before);
    await giveWay(known);
    const { headline, body, corrected, note } = asides[asidesTold % asides.length] ?? asides[0];
    asidesTold += 1;
    const options = signal && { signal };
    const { post } = await client.publish(demoChannel.id, { headline, body, authors: asideAuthors }, options);
    known.add(post.id);
    await pause(asideMs.correction);
    await client.correct(demoChannel.id, post.id, 1, { note, changes: { body: corrected } }, options).catch(letBeTheirs);
  }

  async function giveWay(known: Set<string>): Promise<void> {
    while (await isAnothersLatest(client, known, signal)) {
      log('The demo pauses for a minute, so that your post stays the latest.');
      await pause(giveWayMs);
    }
  }
}

/** A post that the server has, as far as the play needs it. */
interface PublishedPost {
  id: string;
  revision: number;
  withdrawn: boolean;
}

/** Creates the channel if it does not exist, with the first posts if they can be imported. Returns whether it was created. */
async function openChannel({ client, signal, importLines, publicUrl }: Play): Promise<boolean> {
  const options = signal && { signal };
  if (importLines !== undefined) {
    const { channels } = await client.listChannels({ limit: 100 }, options);
    if (channels.some(({ id }) => id === demoChannel.id)) return false;
    await importLines(openingLines(Date.now(), publicUrl));
    return true;
  }
  try {
    return !(await client.createChannel(demoChannel, { key: 'demo-channel', ...options })).replayed;
  } catch (error) {
    if (!hasCode(error, 'channel-exists')) throw error;
    return false;
  }
}

/** The channel and the first posts as lines of an import. They are dated before `now` by `openingMinutes`. */
function openingLines(now: number, publicUrl: string | undefined): string {
  const before = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
  const createdAt = before(openingMinutes[0] + 5);
  const none = { url: null, pinnedPostId: null, startsAt: null, endedAt: null, updatedAt: null, revision: 1, history: [] };
  const channel = { ...demoChannel, ...none, access: 'public', createdAt, startedAt: createdAt };
  const posts = story.slice(0, openingMinutes.length).map((step, at) => {
    if (step.type !== 'publish') throw new Error('The story begins with posts.');
    const publishedAt = before(openingMinutes[at] as number);
    const { kind = 'update', keyEvent = false, headline = null, body = '', authors = [], sources = [] } = step.post;
    const content = { kind, keyEvent, headline, body, media: mediaOf(step, publicUrl), authors, sources };
    const rest = { verification: step.post.verification ?? null, developing: step.post.developing ?? false, derivedFrom: [] };
    const facts = { status: 'published', revision: 1, publishedAt, updatedAt: null, history: [], publishedBy: 'demo' };
    const post = { id: postIds[step.name], channelId: demoChannel.id, ...content, ...rest, ...facts };
    return { post, revision: { at: publishedAt, by: 'demo' } };
  });
  return [{ channel, revision: { at: createdAt, by: 'demo' } }, ...posts].map((line) => JSON.stringify(line)).join('\n');
}

function mediaOf(step: Extract<Step, { type: 'publish' }>, publicUrl: string | undefined): Media[] {
  const picture = publicUrl === undefined ? undefined : pictureOf(step.name, publicUrl);
  return [...(picture ? [picture] : []), ...(step.post.media ?? [])];
}

/** Lists all posts of the channel. */
async function listPublished(client: AuthorClient, signal: AbortSignal | undefined): Promise<PublishedPost[]> {
  const published: PublishedPost[] = [];
  for (let before: number | undefined; ; ) {
    const query = { limit: 100, ...(before !== undefined && { before }) };
    const page = await client.listPosts(demoChannel.id, query, signal && { signal });
    published.push(...page.posts.map(({ id, revision, status }) => ({ id, revision, withdrawn: status !== 'published' })));
    before = page.posts.at(-1)?.seq;
    if (!page.more || before === undefined) return published;
  }
}

/** Whether a step was already done: its post exists, has a later revision, or was withdrawn. */
function isPublished(step: Step, published: readonly PublishedPost[]): boolean {
  const post = published.find(({ id }) => id === postIds[step.name]);
  switch (step.type) {
    case 'publish':
      return post !== undefined;
    case 'revise':
      return post !== undefined && (post.withdrawn || post.revision > revisionBefore(step));
    case 'retract':
      return post?.withdrawn === true;
  }
}

/** The revision that a step changes. Each earlier step on the same post made one revision. */
function revisionBefore(step: Step): number {
  return story.slice(0, story.indexOf(step)).filter((earlier) => earlier.name === step.name).length;
}

/** Whether the step corrects the newest post at that point of the story. */
export function correctsNewest(step: Step): boolean {
  const newest = story.slice(0, story.indexOf(step)).findLast(({ type }) => type === 'publish');
  return step.type === 'revise' && step.kind === 'correction' && step.name === newest?.name;
}

async function tell({ client, signal, publicUrl }: Play, step: Step): Promise<void> {
  const id = postIds[step.name];
  const options = { key: `demo-${story.indexOf(step)}-${step.type}-${step.name}`, ...(signal && { signal }) };
  try {
    switch (step.type) {
      case 'publish': {
        const { derivedFrom, ...post } = step.post;
        const ids = await stillPublished(
          client,
          (derivedFrom ?? []).map((name) => postIds[name]),
          signal,
        );
        const media = mediaOf(step, publicUrl);
        await client.publish(demoChannel.id, { ...post, id, media, derivedFrom: ids }, options);
        break;
      }
      case 'revise': {
        const { kind, note = null, changes } = step;
        await client.revise(demoChannel.id, id, revisionBefore(step), { kind, note, changes }, options);
        break;
      }
      case 'retract':
        await client.retract(demoChannel.id, id, { note: step.note }, options);
    }
  } catch (error) {
    letBeTheirs(error);
  }
}

/** Ignores refusals which mean that a visitor changed this post first, so that the story continues. */
function letBeTheirs(error: unknown): void {
  if (!hasCode(error, 'post-exists', 'revision-moved', 'post-withdrawn', 'key-reused')) throw error;
}

/** Whether the newest post is a new one by a visitor. Adds its id to `known`. */
async function isAnothersLatest(client: AuthorClient, known: Set<string>, signal: AbortSignal | undefined): Promise<boolean> {
  const { posts } = await client.listPosts(demoChannel.id, { limit: 1 }, { ...(signal && { signal }) });
  const [newest] = posts;
  if (newest === undefined || known.has(newest.id)) return false;
  known.add(newest.id);
  return true;
}

/** The posts that a summary can still link to. A visitor may have withdrawn one. */
async function stillPublished(client: AuthorClient, ids: readonly string[], signal: AbortSignal | undefined): Promise<string[]> {
  const posts = await Promise.all(ids.map((id) => client.getPost(demoChannel.id, id, { ...(signal && { signal }) })));
  return posts.filter(({ status }) => status === 'published').map(({ id }) => id);
}

export function pauseOf(step: Step): number {
  const text = step.type === 'publish' ? step.post.body : step.type === 'revise' ? step.changes.body : '';
  return Math.min(pauseMs.most, pauseMs.least + (text ?? '').length * pauseMs.perCharacter);
}

function hasCode(error: unknown, ...codes: ProblemCode[]): boolean {
  return error instanceof ProblemError && codes.includes(error.problem.code);
}
