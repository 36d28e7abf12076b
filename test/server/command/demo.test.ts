import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { asides } from '../../../demo/asides.ts';
import { postIds } from '../../../demo/ids.ts';
import { playDemo } from '../../../demo/play.ts';
import { demoChannel, openingMinutes, story } from '../../../demo/story.ts';
import { sendTo } from '../../support/authors/transfer.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The whole story takes a second at this speed. */
const speed = 500;
const published = story.filter((step) => step.type === 'publish');

describe('the demo', () => {
  let server: TestServer;
  let client: AuthorClient;

  beforeEach(async () => {
    server = await startTestServer();
    client = new AuthorClient({ url: server.url, token: await server.token({ editor: [demoChannel.id] }) });
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
  });

  async function allPosts() {
    const page = await client.listPosts(demoChannel.id, { limit: 100 });
    expect(page.more).toBe(false);
    return page;
  }

  async function untilThereAre(count: number) {
    await vi.waitFor(
      async () => {
        const { posts } = await client.listPosts(demoChannel.id, { limit: 100 });
        expect(posts.length).toBeGreaterThanOrEqual(count);
      },
      { interval: 5 },
    );
  }

  /** Whether the whole story was played. */
  async function isTold(): Promise<boolean> {
    const { posts } = await allPosts();
    const revisions = posts.reduce((sum, { revision }) => sum + revision, 0);
    return revisions >= story.length;
  }

  /** Every post appears once, with the changes of the story in order. */
  async function expectTold() {
    const { posts } = await allPosts();
    expect(posts.map(({ id }) => id).reverse()).toEqual(published.map(({ name }) => postIds[name]));
    for (const { id, revision, status } of posts) {
      const steps = story.filter(({ name }) => postIds[name] === id);
      expect(revision).toBe(steps.length);
      expect(status).toBe(steps.some(({ type }) => type === 'retract') ? 'retracted' : 'published');
    }
    expect(await client.getChannel(demoChannel.id)).toMatchObject({ state: 'live' });
  }

  it('plays the whole story once, and leaves the channel live', async () => {
    const lines: string[] = [];
    await playDemo({ client, speed, log: (line) => lines.push(line) });
    await expectTold();
    expect(lines).toEqual(['The demo begins.', 'The demo is over. The channel stays live.']);
  });

  it('adds nothing when started again after the story has ended', async () => {
    await playDemo({ client, speed });
    const { cursor } = await allPosts();
    await playDemo({ client, speed });
    expect((await allPosts()).cursor).toBe(cursor);
  });

  it('resumes where it was interrupted, also by the end of its server, without duplicates', async () => {
    for (const count of [5, 18, 31]) {
      const stop = new AbortController();
      const playing = playDemo({ client, speed, signal: stop.signal });
      await untilThereAre(count);
      stop.abort();
      await playing;
      await server.restart();
    }
    await playDemo({ client, speed });
    await expectTold();
  });

  it('starts with coverage already under way, with pictures from its own server, if its first posts can be imported', async () => {
    const before = Date.now();
    const stop = new AbortController();
    const importLines = (lines: string) => sendTo(server, lines).then(({ status }) => expect(status).toBe(200));
    const playing = playDemo({ client, signal: stop.signal, importLines, publicUrl: server.url });
    await untilThereAre(openingMinutes.length);
    stop.abort();
    await playing;
    const { posts } = await allPosts();
    const opening = posts.slice(-openingMinutes.length).reverse();
    for (const [at, { publishedAt }] of opening.entries()) {
      const ago = before - Date.parse(publishedAt);
      expect(Math.abs(ago - (openingMinutes[at] ?? 0) * 60_000)).toBeLessThan(60_000);
    }
    const pictures = opening.flatMap(({ media }) => media.filter(({ type }) => type === 'image'));
    expect(pictures.length).toBeGreaterThan(0);
    for (const { url } of pictures) {
      const answer = await fetch(url);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
      await answer.body?.cancel();
    }
    await playDemo({ client, speed, importLines, publicUrl: server.url });
    await expectTold();
  });

  it('pauses while nobody reads, and resumes when somebody does', async () => {
    let reading = false;
    const stop = new AbortController();
    let looks = 0;
    const audience = async () => {
      looks += 1;
      return { isReading: reading, arrivals: reading ? 1 : 0 };
    };
    const playing = playDemo({ client, speed, audience, signal: stop.signal });
    await vi.waitFor(() => expect(looks).toBeGreaterThan(20));
    expect((await allPosts()).posts).toHaveLength(openingMinutes.length);
    reading = true;
    await untilThereAre(published.length);
    await vi.waitFor(async () => expect(await isTold()).toBe(true));
    stop.abort();
    await playing;
  });

  it('shows each new reader a post and its correction, also after the story has ended', async () => {
    await playDemo({ client, speed });
    const audience = { isReading: true, arrivals: 0 };
    const stop = new AbortController();
    const playing = playDemo({ client, speed, audience: async () => ({ ...audience }), signal: stop.signal });
    for (let nth = 1; nth <= 3; nth += 1) {
      audience.arrivals = nth;
      await vi.waitFor(async () => {
        const [newest] = (await allPosts()).posts;
        expect((await allPosts()).posts).toHaveLength(published.length + nth);
        expect(newest?.history).toMatchObject([{ kind: 'correction', note: asides[nth - 1]?.note }]);
      });
    }
    stop.abort();
    await playing;
  });

  it('does not change posts that someone else changed, and plays the rest', async () => {
    const publish = client.publish.bind(client);
    // Changes the post as soon as it exists, before the demo continues.
    vi.spyOn(client, 'publish').mockImplementation(async (...given) => {
      const published = await publish(...given);
      if (published.post.id !== postIds.landing) return published;
      await client.correct(demoChannel.id, postIds.landing, 1, { note: 'Mine.', changes: { body: 'Mine.' } });
      await client.takedown(demoChannel.id, postIds.undocking);
      return published;
    });
    await playDemo({ client, speed });
    const { posts } = await allPosts();
    expect(posts).toHaveLength(published.length);
    expect(posts.find(({ id }) => id === postIds.landing)?.body).toBe('Mine.');
    const summary = posts.find(({ id }) => id === postIds['summary-landing']);
    expect(summary?.derivedFrom).not.toContain(postIds.undocking);
  });

  it('pauses when someone publishes a post, so that it stays the latest while they correct it', async () => {
    const lines: string[] = [];
    const leaving = new AbortController();
    const { signal } = leaving;
    // At this speed the demo’s pause of a minute takes six seconds.
    const playing = playDemo({ client, signal, speed: 10, log: (line) => lines.push(line) });
    await untilThereAre(12);
    const mine: string[] = [];
    const latest = async () => (await client.listPosts(demoChannel.id, { limit: 1 })).posts[0]?.id;
    await vi.waitFor(async () => {
      // A post published between the demo’s check and its next post is not the latest, so the demo does not wait.
      if ((await latest()) !== mine.at(-1)) mine.push((await client.publish(demoChannel.id, { body: 'Mine.' })).post.id);
      expect(lines).toContain('The demo pauses for a minute, so that your post stays the latest.');
    });
    expect(await latest()).toBe(mine.at(-1));
    leaving.abort();
    await playing;
    await playDemo({ client, speed });
    expect((await allPosts()).posts).toHaveLength(published.length + mine.length);
  });

  it('stops silently when its channel is ended', async () => {
    const lines: string[] = [];
    const playing = playDemo({ client, speed: 20, log: (line) => lines.push(line) });
    await vi.waitFor(() => client.updateChannel(demoChannel.id, '*', { state: 'ended' }), { interval: 5 });
    await playing;
    expect(lines.at(-1)).toBe('The demo stops: its channel was ended or deleted.');
  });
});
