import { randomUUID } from 'node:crypto';
import { publish, write } from '../../test/support/authors/writers.ts';
import { pause } from '../pressbox/environment.ts';
import type { Figures } from './meter.ts';
import { residentBytesOf } from './processors.ts';
import { slopeOf } from './results/statistics.ts';
import type { Scene, Step } from './scene.ts';
import { type Sink, startSink } from './sink.ts';
import type { EditorAccess } from './subjects.ts';

/** Steps that only Pressbox supports: changes, takedowns, and guarantees for readers who stop reading or return. */
export const stepsOfPressbox: Record<'changes' | 'stalled' | 'endurance' | 'takedown', (scene: Scene) => Promise<Figures>> = {
  changes,
  stalled,
  endurance,
  takedown,
} satisfies Partial<Record<Step, unknown>>;

const channelId = 'c0';

/** Posts, and how often each is changed while all readers are disconnected. */
const changedPosts = 10;
const timesChanged = 20;

/**
 * A reconnect storm over posts that were changed many times. A second group of readers connected shortly before and missed only
 * the last change of each post. Both groups need the same current posts, so both must receive the same number of messages and
 * bytes.
 */
async function changes(scene: Scene): Promise<Figures> {
  const { sink, readers, reading } = scene;
  const desk = editorOf(scene);
  await using others = startSink(['--n', readers, ...reading, '--marker', marker]);
  const changeAll = (posts: readonly string[], ifMatch: number) => Promise.all(posts.map((id) => change(desk, id, ifMatch)));

  await delivered(sink, readers, (text) => publishPost(desk, text));
  await sink.ask('drop');
  const posts: string[] = [];
  for (let number = 0; number < changedPosts; number += 1) posts.push((await publishPost(desk)).post.id);
  for (let revision = 1; revision < timesChanged - 1; revision += 1) await changeAll(posts, revision);
  await others.ask('connect');
  await changeAll(posts.slice(1), timesChanged - 1);
  await delivered(others, readers, (text) => change(desk, posts[0]!, timesChanged - 1, text));
  await others.ask('drop');
  await changeAll(posts, timesChanged);

  const all = await scene.measure(`storm ${changedPosts} 30`);
  const after = await sink.ask('listen 0.5');
  const last = await others.ask(`storm ${changedPosts} 30`);
  return {
    ...all,
    superseded: (all.messages! + after.messages! - changedPosts * readers) / readers,
    bytesRatio: (all.bytes! + after.bytes!) / last.bytes!,
  };
}

/** Share of the readers that stop reading. Half of these still answer pings. */
const stalledShare = 0.1;
const stalledRate = 50;
/** Seconds within which each stopped reader, once it reads again, has everything or is disconnected. */
const wakeSeconds = 30;
const memorySampleMs = 1_000;

/** Measures how readers who stop reading affect the others and the server's memory. The readers of the scene continue to read. */
async function stalled(scene: Scene): Promise<Figures> {
  const { sink, readers, reading, measure } = scene;
  const seconds = scene.seconds * stallTimes;
  const stopping = Math.round((readers * stalledShare) / (1 - stalledShare));
  // Warm up with the same load. Otherwise the run without stopped readers would measure cold code.
  await sink.ask(`rate ${stalledRate} ${Math.ceil(seconds / 4)}`);
  const without = await measure(`rate ${stalledRate} ${seconds}`);

  await using stopped = startSink(['--n', stopping, ...reading, '--marker', marker]);
  await stopped.ask('connect');
  await sink.ask('publish 2 5');
  await stopped.ask('sleep 0.5');
  await stopped.ask(`stall ${stopping}`);
  const before = residentBytesOf(scene.pids);
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, residentBytesOf(scene.pids));
  }, memorySampleMs);
  const beside = await measure(`rate ${stalledRate} ${seconds}`).finally(() => clearInterval(sampling));
  const woken = await stopped.ask(`wake ${beside.newest} ${wakeSeconds}`);
  return {
    ...beside,
    p99MsWithout: without.p99Ms!,
    p99Ratio: beside.p99Ms! / without.p99Ms!,
    missing: beside.expected! - beside.messages!,
    grownMb: (most - before) / 1e6,
    stopped: stopping,
    caught: woken.caught!,
    ended: woken.ended!,
    wakeSeconds: woken.secs!,
    left: stopping - woken.caught! - woken.ended!,
  };
}

/** This step takes this many times as long as the others: a minute if they take four seconds. */
const stallTimes = 15;

/** Events per second, and readers per second that leave and return, in the endurance run. */
const enduranceRate = 20;
const comingAndGoing = 20;
/** Share of the run that is warm-up. Memory should not grow after it. */
const enduranceWarmup = 1 / 6;

/** A long run in which readers leave and return, and posts are published and changed. Measures memory growth and gaps. */
async function endurance(scene: Scene): Promise<Figures> {
  const { enduranceSeconds: seconds, measure } = scene;
  const desk = editorOf(scene);
  const began = performance.now();
  const samples: [minutes: number, megabytes: number][] = [];
  let writes = 0;
  const write = async () => {
    const posts: { id: string; revision: number }[] = [];
    while (performance.now() - began < seconds * 1_000) {
      await pause(began + (writes * 1_000) / enduranceRate - performance.now());
      writes += 1;
      const changed = writes % 4 === 0 ? posts.at(-1 - (writes % 7)) : undefined;
      if (changed === undefined) posts.push({ id: (await publishPost(desk)).post.id, revision: 1 });
      else {
        await change(desk, changed.id, changed.revision);
        changed.revision += 1;
      }
      if (posts.length > 10) posts.shift();
    }
  };
  const sampling = setInterval(() => {
    samples.push([(performance.now() - began) / 60_000, residentBytesOf(scene.pids) / 1e6]);
  }, memorySampleMs);
  const writing = write();
  const figures = await measure(`churn ${comingAndGoing} ${seconds}`).finally(() => clearInterval(sampling));
  await writing;
  const warm = samples.filter(([minutes]) => minutes * 60 >= seconds * enduranceWarmup);
  return { ...figures, writes, minutes: seconds / 60, mbPerMinute: slopeOf(warm), mb: warm.at(-1)?.[1] ?? 0 };
}

/** Time from an editor's request for a takedown until the last reader received it. */
async function takedown(scene: Scene): Promise<Figures> {
  const { sink, readers } = scene;
  const desk = editorOf(scene);
  const { post } = await publishPost(desk);
  await sink.ask('sleep 1');
  await sink.ask('watch "post.taken-down"');
  const askedAt = Date.now();
  await write(desk, desk.token, { path: `/v1/channels/${channelId}/posts/${post.id}/takedown`, body: { note: null } });
  const answeredAt = Date.now();
  const { complete, first_us, last_us } = await sink.ask('told 30');
  if (complete !== readers) throw new Error(`${complete} of ${readers} readers received the takedown.`);
  return { firstMs: first_us! / 1_000 - askedAt, lastMs: last_us! / 1_000 - askedAt, answeredMs: answeredAt - askedAt };
}

/** Seconds within which every reader must have a post before a step goes on. */
const deliverySeconds = 60;

/** Precedes the send time in the text of a post. */
const marker = 'at=';

interface PostText {
  headline: string;
  body: string;
}

function sentNow(): PostText {
  return {
    headline: 'live update',
    body: `${marker}${Date.now() * 1_000} the crane has been secured, and the third quay opens again.`,
  };
}

/** Waits until every reader of a sink has the written text, and so every earlier event. */
async function delivered(sink: Sink, readers: number, write: (text: PostText) => Promise<unknown>): Promise<void> {
  const text = sentNow();
  await sink.ask(`watch ${text.body.split(' ', 1)}`);
  await write(text);
  const { complete } = await sink.ask(`told ${deliverySeconds}`);
  if (complete !== readers) throw new Error(`${complete} of ${readers} readers received the post.`);
}

/** Writes have a key, as clients send it, so that one with an unknown outcome is repeated. */
function publishPost(desk: EditorAccess, text = sentNow()) {
  return publish(desk, desk.token, channelId, text, randomUUID());
}

function change(desk: EditorAccess, id: string, ifMatch: number, { body }: PostText = sentNow()) {
  const path = `/v1/channels/${channelId}/posts/${id}/revisions`;
  return write(desk, desk.token, { path, body: { kind: 'update', changes: { body } }, key: randomUUID(), ifMatch });
}

function editorOf({ server }: Scene): EditorAccess {
  if (server.editor === undefined) throw new Error('Only Pressbox supports this step.');
  return server.editor;
}
