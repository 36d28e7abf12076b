import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AuthorPost, Erasure, LinkMedia, UploadedMedia } from '../../../src/protocol/model.ts';
import { seedOf, uuidv7 } from '../../support/authors/busy-day.ts';
import { createChannel } from '../../support/authors/writers.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { movie } from '../../support/samples/movies.ts';
import { type Random, seeded } from '../../support/samples/random.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { filesBelow } from '../../support/stores/files-below.ts';
import { startRedis } from '../../support/stores/redis.ts';

/**
 * Random histories of uploads, writes, refusals and takedowns on two servers that share a store and a directory of uploads, while the
 * servers are killed. After each takedown that answers `complete: true`, the directory has no byte of an upload that no post has, and
 * at the end every upload that a published post uses is served.
 *
 * `PRESSBOX_MEDIA_STORMS`: how often servers are killed for a while. By default once.
 */

const storms = Number(process.env.PRESSBOX_MEDIA_STORMS ?? 1);
/** Each of four authors performs so many before all takedowns must complete. */
const operations = 15;
const killsMost = 6;
const secret = 'a secret that both nodes know, of 32 bytes or more';
/** Longer than a takedown waits for a write. */
const patientMs = 60_000;

/** What was uploaded, as a search of the files finds it. */
interface Content {
  mark: string;
  /** The references with which it was answered. More than one after a crash. */
  urls: Set<string>;
  /** Operations that use it now. */
  busy: number;
  /** A takedown wants it, or had it: no operation may begin to use it. */
  isTaken: boolean;
}

interface Post {
  id: string;
  /** What its revisions have, or may have because there was no answer. */
  contents: Set<Content>;
  /** Its publication was answered. */
  isThere: boolean;
  /** Operations that change it now. */
  busy: number;
  isTaken: boolean;
}

interface Answer {
  status: number;
  body: { media?: UploadedMedia; revisions?: AuthorPost[]; erasure?: Erasure };
}

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `two servers that share a directory of uploads and a ${kind} and are killed`, (binary) => {
    it('erase what takedowns erased, and serve what posts use', async () => {
      const random = seeded(seedOf('media-histories'));
      await using redis = await startRedis(binary);
      const folder = await mkdtemp(join(tmpdir(), 'pressbox-histories-'));
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret, PRESSBOX_MEDIA_DIR: folder };
      const servers = await Promise.all([startServerProcess({ env }), startServerProcess({ env })]);
      try {
        const history = await begin(servers, folder, random);
        for (let storm = 0; storm < storms; storm += 1) {
          let isOver = false;
          const authors = Promise.all([0, 1, 2, 3].map(() => history.write())).finally(() => {
            isOver = true;
          });
          for (let kills = 0; kills < killsMost && !isOver; kills += 1) {
            await Promise.race([authors, pause(300 + random.below(2_000))]);
            const server = random.pick(servers);
            await server.kill();
            await server.start();
            history.counts.kills += 1;
          }
          await authors;
          // An erasure waits for some seconds until a killed server counts as ended.
          await history.settle();
        }
        console.log(`media-histories: ${JSON.stringify(history.counts)}`);
        expect(history.counts.complete).toBeGreaterThan(0);
      } finally {
        for (const server of servers) await server[Symbol.asyncDispose]();
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
}

async function begin(servers: readonly ServerProcess[], folder: string, random: Random) {
  const [first] = servers as [ServerProcess];
  const token = await first.token({ editor: ['*'], admin: true });
  const channel = await createChannel(first, token);
  const contents: Content[] = [];
  const posts: Post[] = [];
  /** Posts that were not in the journal when a takedown had erased what they name. */
  const never = new Set<string>();
  const waiting: { post: Post; wanted: Content[]; had: string }[] = [];
  const counts = { uploads: 0, written: 0, refused: 0, unanswered: 0, complete: 0, waited: 0, erased: 0, kills: 0 };
  let numbers = 0;
  return { counts, write, settle };

  async function write(): Promise<void> {
    for (let operation = 0; operation < operations; operation += 1) {
      const chance = random.number();
      if (chance < 0.3) await upload();
      else if (chance < 0.6) await publish();
      else if (chance < 0.75) await revise();
      else if (chance < 0.78) await retract();
      else await takeDown();
    }
  }

  /** Completes all takedowns, then compares what the journal has with what is served. */
  async function settle(): Promise<void> {
    for (const { post, wanted, had } of waiting.splice(0)) {
      const began = performance.now();
      while (!(await isTakenDown(post))) {
        if (performance.now() - began > patientMs) throw new Error(`The takedown of ${post.id} is still pending.`);
        await pause(250);
      }
      await expectErased(post, wanted, had);
    }
    for (const post of posts) {
      const there = await read(post.id);
      expect([post.id, never.has(post.id) && there !== undefined]).toEqual([post.id, false]);
      if (there?.status !== 'published') continue;
      for (const { url } of there.media as LinkMedia[]) {
        const answers = await Promise.all(servers.map((server) => ask(new URL(url).pathname, {}, server)));
        expect([url, ...answers.map((answer) => answer?.status)]).toEqual([url, 200, 200]);
      }
    }
  }

  /** Uses contents that no takedown wants. Does nothing if there are none. */
  async function using(wanted: number, action: (used: Content[]) => Promise<void>): Promise<void> {
    const free = contents.filter(({ isTaken, urls }) => !isTaken && urls.size > 0);
    const used = [...new Set(Array.from({ length: wanted }, () => random.pickAny(free)))].filter((one) => one !== undefined);
    if (used.length === 0) return await upload();
    for (const one of used) one.busy += 1;
    try {
      await action(used);
    } finally {
      for (const one of used) one.busy -= 1;
    }
  }

  async function upload(): Promise<void> {
    const known = contents.filter(({ isTaken }) => !isTaken);
    let content = random.chance(0.4) ? random.pickAny(known) : undefined;
    if (content === undefined) {
      numbers += 1;
      content = { mark: `the samples of upload ${numbers}.`, urls: new Set(), busy: 0, isTaken: false };
      contents.push(content);
    }
    content.busy += 1;
    try {
      const body = movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.concat([Buffer.from(content.mark), filler]) });
      const answer = await again(() => send('media', body, { 'content-type': 'audio/mp4' }));
      expect([200, 201]).toContain(answer.status);
      content.urls.add(answer.body.media?.url as string);
      counts.uploads += 1;
    } finally {
      content.busy -= 1;
    }
  }

  async function publish(): Promise<void> {
    await using(1 + random.below(2), async (used) => {
      numbers += 1;
      const post: Post = { id: uuidv7(numbers, random.number), contents: new Set(), isThere: false, busy: 0, isTaken: false };
      const body = { id: post.id, headline: post.id, media: linksTo(used) };
      const taken = random.pickAny(posts.filter(({ isThere }) => isThere))?.id;
      const refused = [{ derivedFrom: [uuidv7(0, random.number)] }, ...(taken === undefined ? [] : [{ id: taken }])];
      if (random.chance(0.35)) return void count(await sendOnce('posts', { ...body, ...random.pick(refused) }));
      posts.push(post);
      post.busy += 1;
      const answer = count(await sendOnce('posts', body));
      post.busy -= 1;
      post.isThere = answer !== undefined && answer.status < 300;
      if (answer === undefined || answer.status < 300) for (const one of used) post.contents.add(one);
    });
  }

  async function revise(): Promise<void> {
    const post = random.pickAny(posts.filter(({ isTaken }) => !isTaken));
    if (post === undefined) return await publish();
    await using(1, async (used) => {
      const body = { kind: 'refile', changes: { media: linksTo(used) }, ...(random.chance(0.2) && { eraseEarlier: true }) };
      if (post.isTaken) return;
      post.busy += 1;
      const answer = count(await sendOnce(`posts/${post.id}/revisions`, body, { 'if-match': random.pick(['*', '1', '1']) }));
      post.busy -= 1;
      if (answer === undefined || answer.status < 300) for (const one of used) post.contents.add(one);
    });
  }

  async function retract(): Promise<void> {
    const post = random.pickAny(posts.filter(({ isTaken }) => !isTaken));
    if (post !== undefined) count(await sendOnce(`posts/${post.id}/retraction`, { note: 'No.' }, { 'if-match': '*' }));
  }

  async function takeDown(): Promise<void> {
    const post = random.pickAny(posts.filter((one) => !one.isTaken && [...one.contents].every(({ isTaken }) => !isTaken)));
    if (post === undefined) return await publish();
    post.isTaken = true;
    await until(() => post.busy === 0, `${post.id} is changing`);
    const wanted = [...post.contents];
    // Another takedown wants one of them, which a change has just added.
    if (wanted.some(({ isTaken }) => isTaken)) {
      post.isTaken = false;
      return;
    }
    for (const one of wanted) one.isTaken = true;
    await until(() => wanted.every(({ busy }) => busy === 0), `${post.id} is in use`);
    // A revision that was not answered may name others that the post never had, and never claimed.
    const { body } = await again(() => ask(`/v1/channels/${channel.id}/posts/${post.id}/revisions`));
    const had = JSON.stringify(body.revisions ?? []);
    if (await isTakenDown(post)) return await expectErased(post, wanted, had);
    counts.waited += 1;
    waiting.push({ post, wanted, had });
  }

  /** Takes it down, again if it was. Returns whether the erasure is complete. */
  async function isTakenDown(post: Post): Promise<boolean> {
    const { status, body } = await again(() => send(`posts/${post.id}/takedown`, {}));
    // Its publication was refused, or never came.
    if (status === 404) return true;
    expect([200, 202]).toContain(status);
    expect(body.erasure?.complete).toBe(status === 200);
    if (status === 200) counts.complete += 1;
    return status === 200;
  }

  async function expectErased(post: Post, wanted: readonly Content[], had: string): Promise<void> {
    for (const one of wanted) {
      const holders = await holdersOf(one);
      if (holders.some(({ status }) => status === 'published' || status === 'retracted')) one.isTaken = false;
      else if ([...one.urls].some((url) => had.includes(url.slice('media:'.length)))) {
        const found = await filesWith(one.mark);
        expect({ takenDown: post.id, mark: one.mark, urls: [...one.urls], holders, found }).toMatchObject({ found: [] });
        counts.erased += 1;
        for (const { id, status } of holders) if (status === 'missing') never.add(id);
      }
    }
  }

  /** The posts that name it, or did in an earlier revision, as they are in the journal. */
  async function holdersOf(content: Content): Promise<{ id: string; status: AuthorPost['status'] | 'missing' }[]> {
    const named = posts.filter(({ contents }) => contents.has(content));
    return await Promise.all(named.map(async ({ id }) => ({ id, status: (await read(id))?.status ?? 'missing' })));
  }

  async function filesWith(mark: string): Promise<string[]> {
    const files = await filesBelow(folder);
    return files.filter(({ content }) => content.includes(mark)).map(({ path }) => path);
  }

  function linksTo(used: readonly Content[]): object[] {
    return used.map(({ urls }) => ({ type: 'link', url: random.pick([...urls]), title: 'Listen' }));
  }

  function count(answer: Answer | undefined): Answer | undefined {
    if (answer === undefined || answer.status >= 500) counts.unanswered += 1;
    else if (answer.status < 300) counts.written += 1;
    else counts.refused += 1;
    return answer !== undefined && answer.status >= 500 ? undefined : answer;
  }

  async function read(id: string): Promise<AuthorPost | undefined> {
    const { status, body } = await again(() => ask(`/v1/channels/${channel.id}/posts/${id}`));
    expect([200, 404]).toContain(status);
    return status === 404 ? undefined : (body as unknown as AuthorPost);
  }

  /** Without a retry, and sometimes without waiting for the answer. */
  function sendOnce(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    return send(path, body, headers, random.chance(0.2) ? AbortSignal.timeout(random.below(60)) : undefined);
  }

  function send(path: string, body: object, headers: Record<string, string> = {}, signal?: AbortSignal) {
    const isFile = body instanceof Uint8Array;
    return ask(`/v1/channels/${channel.id}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
      body: isFile ? new Uint8Array(body) : JSON.stringify(body),
      ...(signal && { signal }),
    });
  }

  /** Undefined: there was no answer. */
  async function ask(path: string, init: RequestInit = {}, server = random.pick(servers)): Promise<Answer | undefined> {
    try {
      const answer = await fetch(server.url + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
      const text = await answer.text();
      const isJson = answer.headers.get('content-type')?.includes('json') === true;
      return { status: answer.status, body: isJson ? (JSON.parse(text) as Answer['body']) : {} };
    } catch {
      return undefined;
    }
  }

  /** Repeats a request until it is answered with anything but "later". */
  async function again(request: () => Promise<Answer | undefined>): Promise<Answer> {
    const began = performance.now();
    for (;;) {
      const answer = await request();
      if (answer !== undefined && answer.status !== 503 && answer.status !== 429) return answer;
      if (performance.now() - began > patientMs) throw new Error(`No answer: ${answer?.status}`);
      await pause(50);
    }
  }
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const began = performance.now();
  while (!isTrue()) {
    if (performance.now() - began > patientMs) throw new Error(`Still: ${what}`);
    await pause(10);
  }
}

/** More than what is held in memory before a file is written. */
const filler = Buffer.alloc(20_000);
