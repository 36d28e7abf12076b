import type { Page } from 'playwright-core';
import { AuthorClient, type NewPost } from '../../client/lib/author-client.ts';
import { publishNewspaperCoverage } from '../support/samples/newspaper-coverage.ts';
import type { TestServer } from '../support/servers/server.ts';
import { drawn } from './browser.ts';

/** One example of every page of a server in every state that readers meet, for checks that apply to all of them. */
export interface Scene {
  name: string;
  path: string;
  /** The page is long, so checks that scroll through all of it run once. */
  isLong?: boolean;
  /** Brings the opened page into the state and waits for it. */
  reach?: (page: Page) => Promise<void>;
  /** Undoes `reach`. */
  leave?: (page: Page) => Promise<void>;
}

const picture = {
  type: 'image',
  url: 'https://example.org/ferry.jpg',
  alt: 'A ferry at the quay',
  caption: 'The last ferry',
} as const;
/** The picture of a channel. */
const lead = {
  url: 'https://example.org/harbour.jpg',
  alt: 'The harbour, half in smoke',
  caption: 'The north pier this morning',
  credit: 'Ada Byron',
  width: 1200,
  height: 675,
} as const;
const words = 'The wind has turned, and the harbour office keeps the outer basin closed until the morning at least. ';

/** A word and an address that are longer than a line on a phone. */
const long = {
  word: 'Bundesverfassungsgerichtsentscheidungsbegründung',
  url: 'https://example.org/wiki/File:The_last_ferry_before_the_closure_2026-11-24_14-05-33.jpg',
} as const;

/** Posts with every possible feature. */
const posts = {
  plain: { body: `${words.repeat(3)}\n\n${words}` },
  breaking: {
    headline: 'Fire on the north pier is out',
    kind: 'breaking',
    keyEvent: true,
    body: `Crews are **standing down**. ${words}`,
  },
  disputed: {
    headline: 'Two ferries may have been moved',
    verification: 'disputed',
    developing: true,
    body: `Reported by [the port](https://example.org/port), not confirmed. ${words}`,
    sources: [{ name: 'Port authority', via: 'radio', url: 'https://example.org/port' }, { name: 'Fire & Rescue' }],
    authors: [{ name: 'Siri Østby', role: 'on the pier' }, { name: 'نعם לوي' }],
  },
  pictured: {
    headline: 'The last ferry before the closure',
    body: words,
    media: [
      { ...picture, credit: 'Siri Østby', width: 1200, height: 800 },
      { ...picture, caption: 'As seen from the bridge' },
    ],
  },
  film: {
    verification: 'unverified',
    body: 'Filmed from the bridge.',
    media: [
      {
        type: 'video',
        url: 'https://example.org/pier.mp4',
        caption: 'The pier at noon',
        captions: 'https://example.org/pier.vtt',
      },
      {
        type: 'link',
        url: 'https://example.org/tides',
        title: 'Tide tables',
        source: 'Harbour office',
        description: 'High water at six',
        image: 'https://example.org/t.png',
      },
      {
        type: 'link',
        url: 'https://example.org/interview',
        title: 'The harbour master on the radio',
        audio: { url: 'https://example.org/interview.m4a', mimeType: 'audio/mp4' },
      },
      {
        type: 'link',
        url: 'https://example.org/film',
        title: 'The pier from above',
        embed: { provider: 'youtube', id: 'dQw4w9WgXcQ' },
      },
    ],
  },
  structured: {
    headline: 'What is open and what is not',
    kind: 'analysis',
    verification: 'verified',
    authors: [{ name: 'Siri Østby', role: 'on the pier' }],
    media: [{ ...picture, alt: 'Siri Østby' }, picture],
    body: '**Ferries at noon**\n\n| | |\n| --- | --: |\n| Sailing | 3 |\n| In port, with passengers on board | 11-12 |\n\n> The sea does not read timetables.\n> — Harbour master\n\n### Services\n\n| Line | State | Since |\n| --- | --- | --: |\n| North ferry | shut | 08:10 |\n| South ferry | open | 06:00 |\n\n> We will not sail before the wind drops.\n\n1. Buses run\n2. Trains do not\n\n- `R12`\n- `R14`\n\n---\n\n```\nnotice 14/b\n```',
  },
} as const satisfies Record<string, object>;

export async function openGallery(server: TestServer): Promise<Scene[]> {
  const client = new AuthorClient({ url: server.url, token: await server.token() });
  const publish = async (channelId: string, post: object) => (await client.publish(channelId, post as NewPost)).post;
  const made = async (fields: object) =>
    (await client.createChannel({ headline: 'Harbour fire: what we know', state: 'live', section: 'City', ...fields })).channel
      .id;

  const harbour = await made({
    standfirst: 'Ferries stop, roads are shut. What is known so far.',
    byline: [{ name: 'Ada Byron', role: 'editor' }],
    picture: lead,
    timezone: 'Europe/Oslo',
  });
  for (let nth = 1; nth <= 10; nth += 1)
    await publish(harbour, { ...posts.plain, headline: `Report ${nth} from the harbour`, keyEvent: nth > 1 });
  const told: Record<keyof typeof posts, { id: string; seq: number }> = {} as never;
  for (const name of Object.keys(posts) as (keyof typeof posts)[]) told[name] = await publish(harbour, posts[name]);
  await publish(harbour, {
    headline: 'Where things stand at noon',
    kind: 'summary',
    body: words,
    derivedFrom: [told.breaking.id, told.disputed.id],
  });
  const retracted = await publish(harbour, { body: 'A rumour.' });
  const removed = await publish(harbour, { body: 'An address.' });
  const clarified = await publish(harbour, { headline: 'Roads shut around the basin', body: words });
  const corrected = await publish(harbour, {
    headline: 'Thirteen ships lie in the outer basin',
    body: `Thirteen ships are there. ${words}`,
  });
  for (let nth = 1; nth <= 6; nth += 1) await publish(harbour, { body: words });
  const [correction, clarification] = ['Three ships, not thirteen.', 'The road along the quay stays open.'];
  await client.correct(harbour, corrected.id, 1, {
    note: correction,
    changes: { headline: 'Three ships lie in the outer basin', body: `Three ships are there. ${words}` },
  });
  await client.revise(harbour, clarified.id, 1, {
    kind: 'clarification',
    note: clarification,
    changes: { body: `${words} Not the quay.` },
  });
  await client.revise(harbour, told.disputed.id, 1, {
    kind: 'update',
    note: 'Added what the port says.',
    changes: { body: `${words} The port says no.` },
  });
  await client.retract(harbour, retracted.id, { note: 'It was another pier, which we misheard.' });
  await client.takedown(harbour, removed.id);
  await client.updateChannel(harbour, '*', {
    pinnedPostId: told.breaking.id,
    standfirst: 'Ferries stop; roads are open again. What is known so far.',
    change: { kind: 'correction', note: 'An earlier standfirst said that roads are shut.' },
  });

  const ended = await made({ headline: 'Election night', section: null });
  await publish(ended, posts.breaking);
  await client.updateChannel(ended, '*', { state: 'ended' });
  const empty = await made({ headline: 'Budget day', state: 'scheduled', startsAt: '2030-03-01T09:00:00.000Z' });
  const [closing, framed] = [await made({ headline: 'A hearing' }), await made({ headline: 'A hearing in a frame' })];
  for (const id of [closing, framed]) await publish(id, posts.plain);
  /** The channel becomes members-only while it is read. */
  const closes = (id: string, live: (page: Page) => Promise<void>) => async (page: Page) => {
    await live(page);
    await client.updateChannel(id, '*', { access: 'members' });
    await page.getByText('This coverage is for members.').first().waitFor();
  };
  const members = await made({
    headline: 'Behind closed doors',
    access: 'members',
    standfirst: 'What the council said.',
    picture: lead,
  });
  await publish(members, posts.plain);
  const arabic = await made({
    headline: 'حريق في الميناء: ما نعرفه',
    standfirst: 'العبّارات متوقفة.',
    picture: lead,
    section: 'المدينة',
    language: 'ar-EG',
    timezone: 'Africa/Cairo',
  });
  await publish(arabic, {
    headline: 'السفن في الحوض الخارجي',
    body: 'ما زالت الرياح شديدة، والميناء مغلق حتى الصباح.',
    keyEvent: true,
    verification: 'disputed',
    sources: [{ name: 'وكالة الساحل' }],
  });
  // The first post begins with a name in another script. The second is in another language.
  await publish(arabic, {
    headline: 'MSC Aurora تغادر الرصيف',
    kind: 'breaking',
    body: '**السفن**\n\n| | |\n| --- | --- |\n| في الميناء | 11-12 |\n\n> البحر لا يقرأ الجداول.\n> — مدير الميناء\n\nMSC Aurora غادرت عند الظهر، حسب BBC عربي:\n\n- MSC Aurora إلى بورسعيد\n- North Star تنتظر\n\n> All ferries stay in port today.',
    keyEvent: true,
    sources: [{ name: 'BBC عربي' }],
  });
  await publish(arabic, { headline: 'Port authority: “No ferries today.”', body: 'All ferries stay in port today.' });
  const ships = await publish(arabic, { headline: 'ثلاث عشرة سفينة', body: 'ثلاث عشرة سفينة هناك.' });
  await client.correct(arabic, ships.id, 1, { note: 'ثلاث سفن فقط.', changes: { headline: 'ثلاث سفن', body: 'ثلاث سفن هناك.' } });

  const unbroken = await made({ headline: long.word, section: long.word, standfirst: long.url, byline: [{ name: long.url }] });
  const { id: unbrokenId } = await publish(unbroken, {
    headline: long.url,
    keyEvent: true,
    body: long.url,
    media: [
      { ...picture, caption: long.url, credit: long.url },
      { type: 'link', url: long.url, title: long.url, source: long.url, description: long.url },
      { type: 'video', url: long.url, caption: long.url },
    ],
    authors: [{ name: long.url, role: long.url }],
    sources: [{ name: long.url, via: long.url }],
  });
  await client.correct(unbroken, unbrokenId, 1, { note: long.url, changes: { body: long.word } });

  const { channelId: newspaper } = await publishNewspaperCoverage(client);
  const token = await server.token({ reader: ['*'] }, { name: 'Ruth Calder' });
  const live = (id: string) => `/live/${id}`;
  const frame = (id: string) => `/embed/${id}`;
  const isLiveInFrame = (page: Page) => page.locator('.status[data-state="live"]').waitFor();
  const hasCorrections = (page: Page) => page.locator('.corrections .change').first().waitFor();
  const isLive = (page: Page) => page.locator('#connection[data-state="live"]').waitFor();

  /** Lets a reader return after two hours in which a post that they had read was corrected. */
  const comesBack = (path: string, live: (page: Page) => Promise<void>) => async (page: Page) => {
    await live(page);
    const read = await publish(harbour, { headline: 'The basin stays closed', body: words });
    await page.locator(`#post-${read.id}`).scrollIntoViewIfNeeded();
    await drawn(page);
    await page.goto(`${server.url}/`);
    const note = 'It opens at noon.';
    await client.correct(harbour, read.id, 1, { note, changes: { headline: 'The basin opens at noon' } });
    await publish(harbour, { headline: 'Pilots are back on board', body: words });
    await page.evaluate(`for (const [key, kept] of Object.entries(localStorage)) {
      if (key.startsWith('pressbox-left:')) localStorage.setItem(key, JSON.stringify({ ...JSON.parse(kept), at: Date.now() - 7_200_000 }));
    }`);
    await page.goto(server.url + path);
    await page.locator('.since', { hasText: 'The basin opens at noon' }).waitFor();
  };

  return [
    { name: 'the list of channels', path: '/', reach: isLive },
    inArabic('the list of channels', '/'),
    {
      name: 'live coverage',
      path: live(harbour),
      async reach(page) {
        await isLive(page);
        await page.locator('#key-events summary').click();
      },
    },
    { name: 'live coverage, for a returning reader', path: live(harbour), reach: comesBack(live(harbour), isLive) },
    { name: 'the coverage of a newspaper', path: live(newspaper), reach: isLive },
    {
      name: 'the coverage of a newspaper, unfolded',
      path: live(newspaper),
      async reach(page) {
        await isLive(page);
        for (const name of ['key-events', 'summary', 'pinned']) await page.locator(`#${name} > details > summary`).click();
      },
    },
    { name: 'an older page', path: `${live(harbour)}?before=12`, reach: isLive },
    { name: 'the key events of a coverage', path: `${live(harbour)}?filter=key-events` },
    { name: 'coverage from its beginning', path: `${live(newspaper)}?order=oldest` },
    { name: 'summaries in Arabic, of which there are none', path: `${live(arabic)}?filter=summaries` },
    {
      name: 'new posts that wait to be shown',
      path: live(harbour),
      async reach(page) {
        await isLive(page);
        // The end of a post is clear of the indicator.
        await page
          .locator('#posts > .post')
          .nth(9)
          .evaluate((element) => element.scrollIntoView({ block: 'end' }));
        await publish(harbour, { headline: 'The pier is open again', body: words });
        await page.locator('#new-posts').waitFor();
      },
    },
    {
      name: 'an earlier version beside what it became',
      path: `${live(harbour)}/${corrected.id}/versions`,
    },
    { name: 'the corrections', path: `${live(harbour)}/corrections` },
    { name: 'no corrections yet', path: `${live(empty)}/corrections` },
    { name: 'the corrections in Arabic', path: `${live(arabic)}/corrections` },
    { name: 'corrections with words longer than a line', path: `${live(unbroken)}/corrections` },
    { name: 'a permanent link', path: `${live(harbour)}/${corrected.id}`, reach: isLive },
    { name: 'a withdrawn post', path: `${live(harbour)}/${retracted.id}` },
    {
      name: 'coverage that is cut off',
      path: live(harbour),
      async reach(page) {
        await isLive(page);
        await page.context().setOffline(true);
        await page.locator('#connection', { hasText: 'Offline' }).waitFor();
      },
      leave: (page) => page.context().setOffline(false),
    },
    { name: 'coverage that ended', path: live(ended), reach: isLive },
    { name: 'coverage without a post', path: live(empty), reach: isLive },
    { name: 'words longer than a line', path: live(unbroken), reach: isLive },
    { name: 'coverage in Arabic', path: live(arabic), reach: isLive },
    { name: 'members’ coverage, to a stranger', path: live(members) },
    { name: 'coverage that is for members from now on', path: live(closing), reach: closes(closing, isLive) },
    {
      name: 'a token that was refused',
      path: `/sign-in?to=${server.pathTo(live(members))}`,
      async reach(page) {
        await page.getByLabel('Access token').fill('nonsense');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('alert').waitFor();
        // The answer is a page of its own, whose styles come after its text.
        await page.waitForLoadState();
      },
    },
    {
      name: 'members’ coverage, signed in',
      path: `/sign-in?to=${server.pathTo(live(members))}`,
      async reach(page) {
        await page.getByLabel('Access token').fill(token);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await isLive(page);
      },
      leave: (page) => page.context().clearCookies(),
    },
    { name: 'a page that is not there', path: '/live/no-such-coverage' },
    inArabic('a page that is not there', '/live/no-such-coverage'),
    inArabic('signing in', '/sign-in'),
    { name: 'the desk, signed out', path: '/desk/', reach: (page) => page.getByRole('link', { name: 'Sign in' }).waitFor() },
    { name: 'the documents', path: '/docs', isLong: true },
    { name: 'the frame', path: frame(harbour), reach: isLiveInFrame },
    {
      name: 'the frame at a post from further back, with new ones above',
      path: frame(harbour),
      async reach(page) {
        await isLiveInFrame(page);
        await page.locator('.key-events summary').click();
        await page.getByRole('link', { name: 'Report 4 from the harbour' }).click();
        await page.getByRole('button', { name: 'Newer posts' }).waitFor();
        await publish(harbour, { headline: 'The ferries sail again', body: words });
        await page.getByRole('button', { name: '1 new post' }).waitFor();
      },
    },
    {
      name: 'the frame cut off, where older posts cannot be had',
      path: frame(harbour),
      async reach(page) {
        await isLiveInFrame(page);
        await page.context().setOffline(true);
        await page.getByRole('button', { name: 'Older posts' }).click();
        await page.getByRole('alert').waitFor();
        await page.locator('.connection', { hasText: 'Offline' }).waitFor();
      },
      leave: (page) => page.context().setOffline(false),
    },
    {
      name: 'the frame, to someone who comes back',
      path: frame(harbour),
      reach: comesBack(frame(harbour), isLiveInFrame),
    },
    {
      name: 'the frame of words longer than a line',
      path: frame(unbroken),
      reach: isLiveInFrame,
    },
    {
      name: 'the frame of the coverage of a newspaper, unfolded',
      path: frame(newspaper),
      async reach(page) {
        await isLiveInFrame(page);
        for (const name of ['key-events', 'summary', 'pinned']) await page.locator(`#${name} > details > summary`).click();
      },
    },
    {
      name: 'the frame of corrections',
      path: `${frame(harbour)}?view=corrections`,
      reach: hasCorrections,
    },
    {
      name: 'the frame of corrections in Arabic',
      path: `${frame(arabic)}?view=corrections`,
      reach: hasCorrections,
    },
    {
      name: 'the frame of corrections with words longer than a line',
      path: `${frame(unbroken)}?view=corrections`,
      reach: hasCorrections,
    },
    { name: 'the frame of coverage that ended', path: frame(ended), reach: isLiveInFrame },
    { name: 'the frame without a post', path: frame(empty), reach: isLiveInFrame },
    {
      name: 'the frame of what is for members from now on',
      path: frame(framed),
      reach: closes(framed, isLiveInFrame),
    },
    { name: 'the frame in Arabic', path: frame(arabic), reach: isLiveInFrame },
  ];
}

/** The page in the language that its reader prefers. */
function inArabic(name: string, path: string): Scene {
  return {
    name: `${name}, in Arabic`,
    path,
    async reach(page) {
      await page.setExtraHTTPHeaders({ 'accept-language': 'ar' });
      await page.reload();
      await page.locator('html[lang="ar"][dir="rtl"]').waitFor();
    },
    leave: (page) => page.setExtraHTTPHeaders({}),
  };
}
