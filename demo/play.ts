import { setTimeout as wait } from 'node:timers/promises';
import type { AuthorClient } from '../client/author-client.ts';
import { ProblemError } from '../client/http.ts';
import type { ProblemCode } from '../src/protocol/problems.ts';
import { postIds } from './ids.ts';
import type { Step } from './step.ts';
import { demoChannel, story } from './story.ts';

/**
 * Plays the story through the API, as a newsroom would write it. A play that was cut off goes on where it stopped: what was published
 * is asked of the server, ids are fixed, and each command has its own idempotency key, so that nothing is published or changed twice.
 */
export interface Play {
  /** With the rights of an editor of `demoChannel.id`. */
  client: AuthorClient;
  signal?: AbortSignal;
  /** How many times faster than usual, which takes about two minutes. */
  speed?: number;
  log?: (line: string) => void;
}

/** Steps that are played at once, so that whoever comes first finds a page with something on it. */
const stepsAtOnce = 10;

/** Of the pause before a step, in milliseconds: longer before a longer text, so that there is time to read the one above it. */
const pauseMs = { least: 1_200, perCharacter: 6, most: 3_500 } as const;

/** How long the demo waits after someone else's post, so that theirs stays the latest while they try to correct it. Milliseconds. */
const giveWayMs = 60_000;

/** Resolves when the story is told, the signal aborts, or whoever owns the channel ended or deleted it. The channel stays live. */
export async function playDemo({ client, signal, speed = 1, log = () => {} }: Play): Promise<void> {
  try {
    const told = await openChannel(client, signal);
    const begin = told.length === 0 ? stepsAtOnce : 0;
    const left = story.filter((step, at) => !isTold(step, at, told));
    const known = new Set<string>([...Object.values(postIds), ...told.map(({ id }) => id)]);
    const pause = (ms: number) => wait(ms / speed, undefined, { ...(signal && { signal }) });
    if (left.length > 0) log(told.length === 0 ? 'The demo begins.' : 'The demo goes on where it stopped.');
    for (const [at, step] of left.entries()) {
      if (at >= begin) {
        await pause(pauseOf(step));
        while (step.type === 'publish' && (await isAnothersLatest(client, known, signal))) {
          log('The demo waits a minute, so that your post stays the latest.');
          await pause(giveWayMs);
        }
      }
      await tell(client, step, signal);
    }
    if (left.length > 0) log('The demo has been told. The channel stays live.');
  } catch (error) {
    if (signal?.aborted) return;
    if (hasCode(error, 'channel-ended', 'channel-deleted')) return log('The demo stops: its channel was ended or deleted.');
    throw error;
  }
}

/** How far a post has come. */
interface Told {
  id: string;
  revision: number;
  withdrawn: boolean;
}

/** Makes the channel unless it is there, and tells what it holds. */
async function openChannel(client: AuthorClient, signal: AbortSignal | undefined): Promise<Told[]> {
  const options = { ...(signal && { signal }) };
  try {
    await client.createChannel(demoChannel, { key: 'demo-channel', ...options });
  } catch (error) {
    if (!hasCode(error, 'channel-exists')) throw error;
  }
  const told: Told[] = [];
  for (let before: number | undefined; ; ) {
    const page = await client.listPosts(demoChannel.id, { limit: 100, ...(before !== undefined && { before }) }, options);
    told.push(...page.posts.map(({ id, revision, status }) => ({ id, revision, withdrawn: status !== 'published' })));
    before = page.posts.at(-1)?.seq;
    if (!page.more || before === undefined) return told;
  }
}

/** Whether a step was done before: its post is there, or has got beyond it, or a later step was done. */
function isTold(step: Step, at: number, told: readonly Told[]): boolean {
  const post = told.find(({ id }) => id === postIds[step.name]);
  switch (step.type) {
    case 'publish':
      return post !== undefined;
    case 'revise':
      return post !== undefined && (post.withdrawn || post.revision > revisionBefore(step, at));
    case 'retract':
      return post?.withdrawn === true;
    case 'pin':
      return story.slice(at + 1).some((later) => later.type === 'publish' && told.some(({ id }) => id === postIds[later.name]));
  }
}

/** The revision that a step of the story finds: one, and one more for each step before it that changes the post. */
function revisionBefore(step: Step, at: number): number {
  return story.slice(0, at).filter((earlier) => earlier.name === step.name && earlier.type !== 'pin').length;
}

async function tell(client: AuthorClient, step: Step, signal: AbortSignal | undefined): Promise<void> {
  const at = story.indexOf(step);
  const id = postIds[step.name];
  const options = { key: `demo-${at}-${step.type}-${step.name}`, ...(signal && { signal }) };
  try {
    switch (step.type) {
      case 'publish': {
        const { derivedFrom, ...post } = step.post;
        const ids = await stillPublished(
          client,
          (derivedFrom ?? []).map((name) => postIds[name]),
          signal,
        );
        await client.publish(demoChannel.id, { ...post, id, derivedFrom: ids }, options);
        break;
      }
      case 'revise': {
        const { kind, note = null, changes } = step;
        await client.revise(demoChannel.id, id, revisionBefore(step, at), { kind, note, changes }, options);
        break;
      }
      case 'retract':
        await client.retract(demoChannel.id, id, { note: step.note }, options);
        break;
      case 'pin':
        await client.pin(demoChannel.id, id, options);
    }
  } catch (error) {
    // Someone who tries things out got to this post first. It is theirs; the story goes on.
    if (!hasCode(error, 'post-exists', 'revision-moved', 'post-withdrawn', 'key-reused')) throw error;
  }
}

/** Whether the newest post is none of those known; from then on it is. */
async function isAnothersLatest(client: AuthorClient, known: Set<string>, signal: AbortSignal | undefined): Promise<boolean> {
  const { posts } = await client.listPosts(demoChannel.id, { limit: 1 }, { ...(signal && { signal }) });
  const [newest] = posts;
  if (newest === undefined || known.has(newest.id)) return false;
  known.add(newest.id);
  return true;
}

/** Those of the posts that a summary can still name: someone may have withdrawn one. */
async function stillPublished(client: AuthorClient, ids: readonly string[], signal: AbortSignal | undefined): Promise<string[]> {
  const posts = await Promise.all(ids.map((id) => client.getPost(demoChannel.id, id, { ...(signal && { signal }) })));
  return posts.filter(({ status }) => status === 'published').map(({ id }) => id);
}

function pauseOf(step: Step): number {
  const text = step.type === 'publish' ? step.post.body : step.type === 'revise' ? step.changes.body : '';
  return Math.min(pauseMs.most, pauseMs.least + (text ?? '').length * pauseMs.perCharacter);
}

function hasCode(error: unknown, ...codes: ProblemCode[]): boolean {
  return error instanceof ProblemError && codes.includes(error.problem.code);
}
