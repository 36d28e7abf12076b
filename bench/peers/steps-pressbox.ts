import { publish, write } from '../../test/support/authors/writers.ts';
import { pause } from '../stage.ts';
import { residentBytesOf } from './processors.ts';
import { startSink } from './sink.ts';
import { slopeOf } from './statistics.ts';
import type { Figures, Scene, Step } from './steps.ts';
import type { Desk } from './subjects.ts';

/** What only Pressbox does: changes, withdrawals, and promises to those who stop and come back. */
export const stepsOfPressbox: Record<'changes' | 'stalled' | 'endurance' | 'takedown', (scene: Scene) => Promise<Figures>> = {
  changes,
  stalled,
  endurance,
  takedown,
} satisfies Partial<Record<Step, unknown>>;

const channelId = 'c0';

/** Posts, and how often each is changed while everyone is away. */
const changedPosts = 10;
const timesChanged = 20;

/**
 * A storm over posts that were changed many times. The others came a moment ago, and missed but the last change of each: both are owed the
 * same posts as they are now, so both get as many messages, and as many bytes.
 */
async function changes(scene: Scene): Promise<Figures> {
  const { sink, readers, reading } = scene;
  const desk = deskOf(scene);
  await using others = startSink(['--n', readers, ...reading, '--marker', marker]);
  const changeAll = (posts: readonly string[], ifMatch: number) => Promise.all(posts.map((id) => change(desk, id, ifMatch)));

  await publish(desk, desk.token, channelId, sentNow());
  await sink.ask('sleep 0.5');
  await sink.ask('drop');
  const posts: string[] = [];
  for (let number = 0; number < changedPosts; number += 1)
    posts.push((await publish(desk, desk.token, channelId, sentNow())).post.id);
  for (let revision = 1; revision < timesChanged - 1; revision += 1) await changeAll(posts, revision);
  await others.ask('connect');
  await changeAll(posts, timesChanged - 1);
  await others.ask('sleep 0.5');
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

/** Of all readers, those that stop reading; half of them still answer pings. */
const stalledShare = 0.1;
const stalledRate = 50;
/** Within this each that stopped has everything once it reads again, or is closed, in seconds. */
const wakeSeconds = 30;
const memorySampleMs = 1_000;

/** What those who stop reading cost those who read, and the server's memory. The readers of the scene go on reading. */
async function stalled(scene: Scene): Promise<Figures> {
  const { sink, readers, reading, measure } = scene;
  const seconds = scene.seconds * stallTimes;
  const stopping = Math.round((readers * stalledShare) / (1 - stalledShare));
  // The same for a while before it counts, or the figure without them would be one of code that is still cold.
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

/** A minute where others take four seconds. */
const stallTimes = 15;

/** Of a run that lasts: events a second, and readers who go and come back a second. */
const enduranceRate = 20;
const comingAndGoing = 20;
/** Until memory is expected to be flat, of the whole time. */
const enduranceWarmup = 1 / 6;

/** For long: readers come and go, posts are published and changed; whether memory grows, and whether anyone has a gap. */
async function endurance(scene: Scene): Promise<Figures> {
  const { enduranceSeconds: seconds, measure } = scene;
  const desk = deskOf(scene);
  const began = performance.now();
  const samples: [minutes: number, megabytes: number][] = [];
  let writes = 0;
  const write = async () => {
    const posts: { id: string; revision: number }[] = [];
    while (performance.now() - began < seconds * 1_000) {
      await pause(began + (writes * 1_000) / enduranceRate - performance.now());
      writes += 1;
      const changed = writes % 4 === 0 ? posts.at(-1 - (writes % 7)) : undefined;
      if (changed === undefined) posts.push({ id: (await publish(desk, desk.token, channelId, sentNow())).post.id, revision: 1 });
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

/** From the moment at which an editor asks for a takedown until the last reader was told. */
async function takedown(scene: Scene): Promise<Figures> {
  const { sink, readers } = scene;
  const desk = deskOf(scene);
  const { post } = await publish(desk, desk.token, channelId, sentNow());
  await sink.ask('sleep 1');
  await sink.ask('watch "post.taken-down"');
  const askedAt = Date.now();
  await write(desk, desk.token, { path: `/v1/channels/${channelId}/posts/${post.id}/takedown`, body: { note: null } });
  const answeredAt = Date.now();
  const { complete, first_us, last_us } = await sink.ask('told 30');
  if (complete !== readers) throw new Error(`${complete} of ${readers} readers were told of the takedown.`);
  return { firstMs: first_us! / 1_000 - askedAt, lastMs: last_us! / 1_000 - askedAt, answeredMs: answeredAt - askedAt };
}

/** In the text of a post, before the time at which it was sent. */
const marker = 'at=';

function sentNow() {
  return {
    headline: 'live update',
    body: `${marker}${Date.now() * 1_000} the crane has been secured, and the third quay opens again.`,
  };
}

function change(desk: Desk, id: string, ifMatch: number) {
  const { body } = sentNow();
  const path = `/v1/channels/${channelId}/posts/${id}/revisions`;
  return write(desk, desk.token, { path, body: { kind: 'update', changes: { body } }, ifMatch });
}

function deskOf({ server }: Scene): Desk {
  if (server.desk === undefined) throw new Error('Only Pressbox is asked for this.');
  return server.desk;
}
