import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import type { Channel, ChannelState } from '../../../src/protocol/model.ts';
import {
  appended,
  at,
  channelChange,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  retraction,
  revision,
  samplePost,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

/** `channels` with `order` `activity`. */
export function activityLists({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeEach(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterEach(() => examined.close());

  async function page(state: ChannelState, query: { limit?: number; page?: string; desk?: string[] } = {}) {
    const read = await engine.channels({ limit: 10, desk: [], ...query, state, order: 'activity' });
    if (!read) throw new Error(`The engine does not take ${query.page} for a page.`);
    return read;
  }

  /** The ids of a list that is read in pages of this length. */
  async function ids(state: ChannelState, limit = 10, desk: string[] = []): Promise<string[]> {
    const all: string[] = [];
    for (let next: string | null | undefined; next !== null; ) {
      const read = await page(state, { limit, desk, ...(next === undefined ? {} : { page: next }) });
      expect(read.complete).toBe(true);
      expect(read.channels.length).toBeLessThanOrEqual(limit);
      all.push(...read.channels.map(({ id }) => id));
      next = read.next;
      if (all.length > 100) throw new Error('The list does not end.');
    }
    return all;
  }

  const live = (id: string, seconds: number) => createChannel(engine, id, { createdAt: at(seconds), startedAt: at(seconds) });

  it('lists live channels by their latest post, and those without posts by their start, latest first', async () => {
    await live('old', 0);
    await live('empty', 50);
    await live('new', 60);
    expect(await ids('live')).toEqual(['new', 'empty', 'old']);
    const post = await publish(engine, 'old', { publishedAt: at(70) });
    expect(await ids('live')).toEqual(['old', 'new', 'empty']);
    await publish(engine, 'new', { publishedAt: at(80) });
    expect(await ids('live')).toEqual(['new', 'old', 'empty']);
    // A change of a post is not a post.
    await appended(engine, 'old', [revision(post, { body: 'Otherwise.' })]);
    expect(await ids('live')).toEqual(['new', 'old', 'empty']);
    const [first] = (await page('live')).channels;
    expect(first).toMatchObject({ id: 'new', latestPostAt: at(80) });
  });

  it('lists channels in the order of their dates while posts are published', async () => {
    const channels = Array.from({ length: 10 }, (_, nth) => `c-${nth}`);
    for (const [nth, id] of channels.entries()) await live(id, nth);
    let isPublishing = true;
    const publishing = (async () => {
      for (let nth = 0; nth < 100; nth++) await publish(engine, `c-${nth % 10}`, { publishedAt: at(100 + nth) });
    })().finally(() => (isPublishing = false));
    while (isPublishing) {
      const dates = (await page('live')).channels.map(({ latestPostAt, startedAt }) => latestPostAt ?? startedAt ?? '');
      expect(dates).toEqual(dates.toSorted().reverse());
    }
    await publishing;
  });

  it('keeps the place of a live channel whose latest post was withdrawn or whose headline changed', async () => {
    const channel = await live('a', 0);
    await live('b', 10);
    const post = await publish(engine, 'a', { publishedAt: at(20) });
    await appended(engine, 'a', [retraction(post)]);
    await appended(engine, 'a', [channelChange(channel, { headline: 'Another headline' })]);
    expect(await ids('live')).toEqual(['a', 'b']);
    expect((await page('live')).channels[0]).toMatchObject({ headline: 'Another headline', latestPostAt: at(20) });
  });

  it('places a channel by a post that is appended together with its change', async () => {
    const channel = await live('a', 0);
    await live('b', 30);
    const post = publication(samplePost('a', { publishedAt: at(40) }));
    await appended(engine, 'a', [post, channelChange(channel, { pinnedPostId: post.post.id })]);
    expect(await ids('live')).toEqual(['a', 'b']);
  });

  it('lists scheduled channels by their planned start, soonest first, and those without one last', async () => {
    const scheduled = { state: 'scheduled', startedAt: null } as const;
    const later = await createChannel(engine, 'later', { ...scheduled, startsAt: at(90) });
    await createChannel(engine, 'some-day', { ...scheduled, startsAt: null });
    await createChannel(engine, 'any-day', { ...scheduled, startsAt: null });
    await createChannel(engine, 'soon', { ...scheduled, startsAt: at(30) });
    for (const limit of [1, 2, 3, 10]) expect(await ids('scheduled', limit)).toEqual(['soon', 'later', 'any-day', 'some-day']);
    await appended(engine, 'later', [channelChange(later, { startsAt: at(10) })]);
    expect(await ids('scheduled')).toEqual(['later', 'soon', 'any-day', 'some-day']);
    // What is published before the start does not move a channel.
    await publish(engine, 'any-day', { publishedAt: at(5) });
    expect(await ids('scheduled')).toEqual(['later', 'soon', 'any-day', 'some-day']);
  });

  it('lists ended channels by their end, latest first, whatever is corrected after it', async () => {
    const ended = (id: string, endedAt: string | null, seconds = 0) =>
      createChannel(engine, id, { state: 'ended', createdAt: at(seconds), endedAt });
    await ended('first', at(100));
    await ended('third', at(300));
    await ended('second', at(200));
    await publish(engine, 'first', { publishedAt: at(400) });
    for (const limit of [1, 2, 10]) expect(await ids('ended', limit)).toEqual(['third', 'second', 'first']);
    await ended('undated', null, 250);
    expect(await ids('ended')).toEqual(['third', 'undated', 'second', 'first']);
  });

  it('moves a channel from list to list with its state', async () => {
    const scheduled = { state: 'scheduled', startedAt: null, startsAt: at(60) } as const;
    let channel = await createChannel(engine, 'match', scheduled);
    await live('other', 65);
    const become = async (changes: Partial<Channel>) => {
      const entry = channelChange(channel, changes);
      await appended(engine, 'match', [entry]);
      channel = entry.channel;
      return { scheduled: await ids('scheduled'), live: await ids('live'), ended: await ids('ended') };
    };
    expect(await become({ state: 'live', startedAt: at(61) })).toEqual({ scheduled: [], live: ['other', 'match'], ended: [] });
    const post = publication(samplePost('match', { publishedAt: at(70) }));
    await appended(engine, 'match', [post], { channel: channel.revision });
    expect(await ids('live')).toEqual(['match', 'other']);
    expect(await become({ state: 'ended', endedAt: at(90) })).toEqual({ scheduled: [], live: ['other'], ended: ['match'] });
    const again = await become({ state: 'live', endedAt: null });
    expect(again).toEqual({ scheduled: [], live: ['match', 'other'], ended: [] });
  });

  it('orders channels of the same date by id, and pages among them', async () => {
    for (const id of ['b', 'd', 'a', 'c']) await live(id, 0);
    for (const limit of [1, 2, 3, 4]) expect(await ids('live', limit)).toEqual(['d', 'c', 'b', 'a']);
    for (const limit of [4, 5]) expect((await page('live', { limit })).next).toBeNull();
  });

  it('continues after the last channel of a page, although that has moved or ended meanwhile', async () => {
    for (const [seconds, id] of ['d', 'c', 'b', 'a'].entries()) await live(id, seconds);
    const first = await page('live', { limit: 2 });
    expect(first.channels.map(({ id }) => id)).toEqual(['a', 'b']);
    await publish(engine, 'b', { publishedAt: at(100) });
    await appended(engine, 'a', [channelChange(first.channels[0] as Channel, { state: 'ended', endedAt: at(100) })]);
    const rest = await page('live', { limit: 2, page: first.next as string });
    expect([rest.channels.map(({ id }) => id), rest.next]).toEqual([['c', 'd'], null]);
  });

  it('leaves out deleted channels', async () => {
    await live('a', 0);
    await live('b', 1);
    const first = await page('live', { limit: 1 });
    await engine.deleteChannel('b', newRequest(), 'root');
    expect(await ids('live')).toEqual(['a']);
    const rest = await page('live', { page: first.next as string });
    expect(rest.channels.map(({ id }) => id)).toEqual(['a']);
    await engine.deleteChannel('a', newRequest(), 'root');
    expect(await ids('live')).toEqual([]);
  });

  it('lists desk channels only for those who match them, and does not reveal others by a page or its next', async () => {
    for (const [seconds, access] of (['desk', 'public', 'desk', 'desk', 'members', 'desk'] as const).entries())
      await createChannel(engine, `${access}-${seconds}`, { access, startedAt: at(-seconds), createdAt: at(-seconds) });
    for (const limit of [1, 2]) expect(await ids('live', limit)).toEqual(['public-1', 'members-4']);
    const first = await page('live', { limit: 1 });
    expect(first.next).toMatch(/\.public-1$/);
    expect((await page('live', { limit: 2 })).next).toBeNull();
    expect(await ids('live', 2, ['desk-3', 'desk-5'])).toEqual(['public-1', 'desk-3', 'members-4', 'desk-5']);
    expect(await ids('live', 2, ['*'])).toEqual(['desk-0', 'public-1', 'desk-2', 'desk-3', 'members-4', 'desk-5']);
  });

  it('shows a channel that was opened or closed to readers at once', async () => {
    const channel = await createChannel(engine, 'a', { access: 'desk' });
    expect(await ids('live')).toEqual([]);
    const opened = channelChange(channel, { access: 'public' });
    await appended(engine, 'a', [opened]);
    expect(await ids('live')).toEqual(['a']);
    await appended(engine, 'a', [channelChange(opened.channel, { access: 'desk' })]);
    expect(await ids('live')).toEqual([]);
  });

  it('does not list a channel whose creation was refused, and lists the other once', async () => {
    await live('wanted', 0);
    const rival = createChannel(engine, 'wanted', { createdAt: at(60), startedAt: at(60) });
    await expect(rival).rejects.toThrow('Not appended');
    expect((await page('live')).channels.map(({ startedAt }) => startedAt)).toEqual([at(0)]);
  });

  it('lists the same after it was opened again', async () => {
    for (const [seconds, id] of ['a', 'b', 'c'].entries()) await live(id, seconds);
    await publish(engine, 'a', { publishedAt: at(10) });
    engine = await examined.reopen();
    expect(await ids('live', 2)).toEqual(['a', 'c', 'b']);
    await publish(engine, 'b', { publishedAt: at(20) });
    expect(await ids('live', 2)).toEqual(['b', 'a', 'c']);
  });

  it('orders many channels after many changes like a list that is sorted at the end', async () => {
    const channels: Channel[] = [];
    for (let number = 0; number < 12; number++) channels.push(await live(`c-${number}`, number));
    const latest = new Map(channels.map(({ id, startedAt }) => [id, startedAt as string]));
    for (let step = 0; step < 40; step++) {
      const { id } = channels[(step * 7) % channels.length] as Channel;
      const publishedAt = at(100 + step);
      await publish(engine, id, { publishedAt });
      latest.set(id, publishedAt);
    }
    const sorted = [...latest].sort(([, a], [, b]) => (a < b ? 1 : -1)).map(([id]) => id);
    for (const limit of [5, 12]) expect(await ids('live', limit)).toEqual(sorted);
  });

  it('refuses a malformed page', async () => {
    for (const malformed of ['', 'foo', '1.', `1.${'x'.repeat(200)}`, '1.a b', '..', '999999999999998.a', `-${'9'.repeat(15)}.a`])
      for (const state of ['live', 'scheduled'] as const) {
        const read = await engine.channels({ limit: 1, desk: [], page: malformed, state, order: 'activity' });
        expect([malformed, read]).toEqual([malformed, undefined]);
      }
    // Any place is a place, also that of a channel which does not exist.
    expect((await page('live', { page: `0.${newPostId()}` })).channels).toEqual([]);
  });
}
