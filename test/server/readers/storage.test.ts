import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import type { ReaderClientOptions, ReaderStorage } from '../../../client/lib/reader-types.ts';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import type { Event } from '../../../src/protocol/model.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** A reader with a storage for its state. */

let test: TestServer;
let author: AuthorClient;
const open: ReaderClient[] = [];

beforeAll(async () => {
  test = await startTestServer();
  author = new AuthorClient({ url: test.url, token: await test.token() });
});
afterEach(() => {
  for (const client of open.splice(0)) client.close();
});
afterAll(() => test[Symbol.asyncDispose]());

/** Like a browser's `localStorage`. */
class Storage implements ReaderStorage {
  readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
  get text(): string {
    return [...this.items.values()].join('\n');
  }
}

/** Like a slow `AsyncStorage` of React Native. */
class SlowStorage implements ReaderStorage {
  readonly kept = new Storage();
  async getItem(key: string): Promise<string | null> {
    await this.#turn();
    return this.kept.getItem(key);
  }
  async setItem(key: string, value: string): Promise<void> {
    await this.#turn();
    this.kept.setItem(key, value);
  }
  async removeItem(key: string): Promise<void> {
    await this.#turn();
    this.kept.removeItem(key);
  }
  #turn = () => new Promise((resolve) => setTimeout(resolve, 20));
}

let channels = 0;
async function channelWith(posts: number): Promise<string> {
  channels += 1;
  const { channel } = await author.createChannel({ id: `kept-${channels}`, headline: 'To the Moon', state: 'live' });
  for (let each = 1; each <= posts; each += 1) await author.publish(channel.id, { body: `Post ${each}` });
  return channel.id;
}
function read(channelId: string, options: Partial<ReaderClientOptions>) {
  const client = new ReaderClient({ url: test.url, channelId, random: () => 0, ...options });
  open.push(client);
  const events: Event[] = [];
  const shown: Timeline[] = [];
  client.on('event', (event) => events.push(event));
  client.on('timeline', (timeline) => shown.push(timeline));
  client.open();
  return { client, events, shown };
}
async function reached(client: ReaderClient, offset: number): Promise<void> {
  await vi.waitFor(
    () => {
      expect(client.state.status).toBe('live');
      expect(client.timeline?.offset).toBe(offset);
    },
    { interval: 5 },
  );
}
const expectSame = async (client: ReaderClient, channelId: string) => {
  const { body } = await call(`${test.url}/v1/channels/${channelId}/snapshot`);
  expect({ ...client.timeline }).toMatchObject(JSON.parse(JSON.stringify({ ...(body as object), more: undefined })));
};

function withPosts(text: string, change: (posts: unknown[]) => unknown[]): string {
  const kept = JSON.parse(text);
  return JSON.stringify({ ...kept, timeline: { ...kept.timeline, posts: change(kept.timeline.posts) } });
}

describe('a reader with a storage', () => {
  it.each([
    ['that answers at once', () => new Storage()],
    ['that answers slowly', () => new SlowStorage()],
  ])('%s shows at once its timeline from when the app was closed, and continues from there', async (_name, create) => {
    const channelId = await channelWith(3);
    const storage = create();
    const first = read(channelId, { storage });
    await reached(first.client, 4);
    first.client.close();
    const { items } = storage instanceof SlowStorage ? storage.kept : storage;
    await vi.waitFor(() => expect(items.size).toBe(1));
    await author.publish(channelId, { body: 'Meanwhile.' });

    const second = read(channelId, { storage });
    await reached(second.client, 5);
    expect(second.shown[0]).toMatchObject({ offset: 4, posts: [{ seq: 4 }, { seq: 3 }, { seq: 2 }] });
    expect(second.events.map(({ offset }) => offset)).toEqual([5]);
    await expectSame(second.client, channelId);
  });

  it('saves its state a moment after a change, without being closed', async () => {
    const channelId = await channelWith(1);
    const storage = new Storage();
    const { client } = read(channelId, { storage });
    await reached(client, 2);
    await author.publish(channelId, { body: 'Just in.' });
    await vi.waitFor(() => expect(storage.text).toContain('Just in.'));
  });

  it.each(['takedown', 'retract'] as const)('removes the text of a post from it before its %s is reported', async (withdraw) => {
    const channelId = await channelWith(1);
    const { post } = await author.publish(channelId, {
      headline: 'The secret',
      body: 'The address.',
      keyEvent: true,
      kind: 'summary',
    });
    const storage = new Storage();
    const { client } = read(channelId, { storage });
    await reached(client, 3);
    await vi.waitFor(() => expect(storage.text).toContain('The address.'));
    const keptWhenTold: string[] = [];
    client.on('event', () => keptWhenTold.push(storage.text));
    await author[withdraw](channelId, post.id, { note: 'A risk.' });
    await reached(client, 4);
    expect(keptWhenTold).toHaveLength(1);
    expect(keptWhenTold[0]).toContain(post.id);
    expect(keptWhenTold[0]).not.toMatch(/secret|address/);
  });

  it('removes a text that is withdrawn during a save, once the save ends', async () => {
    const channelId = await channelWith(0);
    const { post } = await author.publish(channelId, { body: 'The address.' });
    const storage = new SlowStorage();
    const { client } = read(channelId, { storage });
    await vi.waitFor(() => expect(storage.kept.text).toContain('The address.'));
    await author.publish(channelId, { body: 'Another.' });
    await author.takedown(channelId, post.id);
    await reached(client, 4);
    await vi.waitFor(() => expect(storage.kept.text).not.toContain('The address.'));
    expect(storage.kept.text).toContain(client.cursor as string);
  });

  it.each([
    ['broken', (text: string) => text.slice(0, text.length / 2)],
    ['of another version', (text: string) => text.replace('"version":1', '"version":2')],
    ['of another channel', (text: string) => text.replaceAll(/kept-\d+/g, 'kept-0')],
    ['not of a reader', () => '[1, 2, 3]'],
    ['with an invalid post', (text: string) => text.replace('"media":[]', '"media":7')],
    ['with posts that are not newest first', (text: string) => withPosts(text, (posts) => posts.reverse())],
    ['with an offset that differs from its cursor', (text: string) => text.replaceAll('"offset":3', '"offset":300')],
    ['with a malformed cursor', (text: string) => text.replaceAll(/"cursor":"[^"]*"/g, '"cursor":"nonsense"')],
    ['of another history', (text: string) => text.replaceAll(/[0-9a-f]{16}"/g, '0000000000000000"')],
    ['nothing', () => 'null'],
  ])('starts afresh if the saved state is %s, and replaces it', async (_name, spoil) => {
    const channelId = await channelWith(2);
    const storage = new Storage();
    const now = () => Date.UTC(2026, 10, 24, 12);
    const first = read(channelId, { storage, now });
    await reached(first.client, 3);
    first.client.close();
    const [[key, text]] = [...storage.items] as [[string, string]];
    expect(spoil(text)).not.toBe(text);
    storage.items.set(key, spoil(text));
    const second = read(channelId, { storage, now });
    await reached(second.client, 3);
    await expectSame(second.client, channelId);
    second.client.close();
    expect(storage.items).toEqual(new Map([[key, text]]));
  });

  it('continues without it if it is full, and leaves no older text in it', async () => {
    const channelId = await channelWith(1);
    const storage = new Storage();
    const { client } = read(channelId, { storage });
    await vi.waitFor(() => expect(storage.text).toContain('Post 1'));
    storage.setItem = () => {
      throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    };
    const [post] = client.timeline?.posts ?? [];
    await author.takedown(channelId, post?.id as string);
    await reached(client, 3);
    expect(storage.items.size).toBe(0);
    await author.publish(channelId, { body: 'Still live.' });
    await reached(client, 4);
  });

  it('continues without it if every operation fails', async () => {
    const channelId = await channelWith(1);
    const fail = () => {
      throw new Error('Storage is disabled.');
    };
    const broken = read(channelId, { storage: { getItem: fail, setItem: fail, removeItem: fail } });
    await reached(broken.client, 2);
    const refuse = () => Promise.reject(new Error('Storage is disabled.'));
    const rejecting = read(channelId, { storage: { getItem: refuse, setItem: refuse, removeItem: refuse } });
    await reached(rejecting.client, 2);
    rejecting.client.close();
    const silent = read(channelId, {
      storage: { ...new Storage(), getItem: () => new Promise(() => {}), setItem() {}, removeItem() {} },
    });
    await reached(silent.client, 2);
  });

  it('keeps nothing of a channel that was deleted or that it may no longer read', async () => {
    const channelId = await channelWith(1);
    const storage = new Storage();
    const { client } = read(channelId, { storage });
    await vi.waitFor(() => expect(storage.items.size).toBe(1));
    const admin = await test.token({ admin: true });
    await fetch(`${test.url}/v1/channels/${channelId}`, { method: 'DELETE', headers: { authorization: `Bearer ${admin}` } });
    await vi.waitFor(() => expect(client.state.status).toBe('ended'));
    expect(storage.items.size).toBe(0);
    // Later calls return nothing of it either, as when an app renders again or saves on close.
    expect(client.timeline).toBe(undefined);
    expect(client.save()?.timeline).toBe(undefined);
  });

  it.each([
    ['that answers at once', () => new Storage()],
    ['that answers slowly', () => new SlowStorage()],
  ])(
    '%s keeps nothing that a member read if the member signs out during a save, and saves nothing later',
    async (_name, create) => {
      const channelId = await channelWith(2);
      const storage = create();
      const { client } = read(channelId, { storage });
      await reached(client, 3);
      const { items } = storage instanceof SlowStorage ? storage.kept : storage;
      await vi.waitFor(() => expect(items.size).toBe(1));
      client.on('timeline', () => client.forget());
      await author.publish(channelId, { body: 'For members.' });
      await vi.waitFor(() => expect(client.state).toMatchObject({ status: 'ended', reason: 'closed' }));
      await vi.waitFor(() => expect(items.size).toBe(0));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(items.size).toBe(0);
    },
  );

  it('deletes the state of an earlier reader without being opened', async () => {
    const channelId = await channelWith(1);
    const storage = new Storage();
    const { client } = read(channelId, { storage });
    await vi.waitFor(() => expect(storage.items.size).toBe(1));
    client.close();
    new ReaderClient({ url: test.url, channelId, storage }).forget();
    expect(storage.items.size).toBe(0);
  });
});
