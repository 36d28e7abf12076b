import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { strictPolicy } from '../../support/servers/host-page.ts';
import { startBrowser } from '../browser.ts';
import { announced, eventually, hide, listenTo, post, textOf } from '../newsroom.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

const { resolve } = createRequire(import.meta.url);

describeWith(needs.chromium, 'the element on a page of another site', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room, script, open } = site;

  it('shows posts under the strictest policy with one script and one tag, and adds no global', async () => {
    const { id: channelId } = await room.coverage();
    const [id] = await room.publish(channelId, { headline: '<b>Bold</b> & "quoted"', body: 'It is **new**.', kind: 'breaking' });
    const { page, complaints } = await open(`${tag(channelId)}${script()}${script()}`);
    await post(page, id).waitFor();
    expect(await textOf(page.locator(`#post-${id} .headline`).first())).toBe('<b>Bold</b> & "quoted"');
    expect(await textOf(page.locator(`#post-${id} .body strong`).first())).toBe('new');
    const when = await post(page, id).locator('.when').getAttribute('href');
    expect(when).toBe(`${room.server.url}/live/${channelId}/${id}`);
    const bare = await open('<p>Nothing of Pressbox here.</p>');
    const namesOf = (of: Page) => of.evaluate(() => Object.getOwnPropertyNames(globalThis).sort());
    expect(await namesOf(page)).toEqual(await namesOf(bare.page));
    expect(complaints).toEqual([]);
  });

  it('corrects in place with the note, leaves a tombstone, and dispatches both as events', async () => {
    const { id: channelId } = await room.coverage();
    const ids = await room.publish(channelId, { body: 'Thirteen ships.' }, { body: 'A rumour.' });
    const listen = `for (const name of ['post', 'state'])
      addEventListener('pressbox-' + name, (event) => (window.heard ??= []).push([event.type, event.detail, event.target.localName]));`;
    site.host.put('/listen.js', listen);
    const policy = strictPolicy(room.server.url).replace('script-src ', `script-src ${site.host.url} `);
    const { page, complaints } = await open(`${tag(channelId)}<script src="/listen.js"></script>${script()}`, { policy });
    await areLive(page);
    await listenTo(page);
    await room.author.correct(channelId, ids[0] as string, 1, { note: 'Three.', changes: { body: 'Three ships.' } });
    await post(page, ids[0]).getByText('Three ships.').waitFor();
    await announced(page, /^Correction to a post: Three\.$/m);
    await room.author.retract(channelId, ids[1] as string, { note: 'Nobody said so.' });
    await post(page, ids[1]).getByText('Nobody said so.').waitFor();
    expect(await textOf(page.locator(`#post-${ids[0]} .change-correction`).first())).toMatch(
      /^Correction, \d\d:\d\d UTC: Three\. See what changed$/,
    );
    const heard = (await page.evaluate('window.heard')) as [string, { type?: string; status?: string; post?: object }, string][];
    expect(heard.every(([, , target]) => target === 'pressbox-live')).toBe(true);
    expect(heard.filter(([type]) => type === 'pressbox-post').map(([, { type }]) => type)).toEqual([
      'post.revised',
      'post.retracted',
    ]);
    expect(heard.filter(([type]) => type === 'pressbox-state').map(([, { status }]) => status)).toContain('live');
    expect(await page.locator('#announcement').getAttribute('aria-live')).toBe('polite');
    await announced(page, 'Nobody said so.');
    expect(complaints).toEqual([]);
  });

  it('shows its age while offline, and catches up', async () => {
    const { id: channelId } = await room.coverage();
    await room.publish(channelId, { body: 'The bridge is open.' });
    const { page, complaints } = await open(`${tag(channelId)}${script()}`);
    await areLive(page);
    await page.context().setOffline(true);
    await room.server.restart();
    await eventually(async () =>
      expect(await textOf(page.locator('.connection').first())).toMatch(/^(Offline|Reconnecting), as of \d\d:\d\d UTC$/),
    );
    // When shown again days later, the age includes the date.
    await page.clock.setSystemTime(Date.now() + 24 * 3_600_000);
    await hide(page, false);
    await eventually(async () =>
      expect(await textOf(page.locator('.connection').first())).toMatch(/, as of \w+ \d+, \d{4}, \d\d:\d\d UTC$/),
    );
    // While the element is not live, its badge is not styled as live.
    expect(await page.locator('.badge').getAttribute('class')).not.toContain('live');
    await room.publish(channelId, { body: 'The bridge is shut.' });
    await page.context().setOffline(false);
    await page.getByText('The bridge is shut.').waitFor();
    await areLive(page);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['in light mode', 'en', 'theme="light"'],
    ['in dark mode', 'en', 'theme="dark"'],
    ['in Arabic, from right to left', 'ar', 'theme="auto"'],
  ])('passes axe-core %s', async (_, language, theme) => {
    const { id: channelId } = await room.coverage([], {
      language,
      headline: language === 'ar' ? 'حريق في الميناء' : 'Fire',
      standfirst: 'So far.',
      picture: { url: 'https://example.org/harbour.jpg', alt: 'The harbour', width: 1200, height: 675 },
    });
    const ids = await room.publish(
      channelId,
      {
        headline: 'One',
        body: 'A [link](https://example.org) and `code`.',
        keyEvent: true,
        kind: 'breaking',
        verification: 'disputed',
      },
      {
        headline: 'Two',
        body: 'Text.',
        media: [{ type: 'image', url: 'https://example.org/a.jpg', alt: 'A ferry' }],
        developing: true,
      },
      { body: 'Gone.' },
    );
    await room.author.correct(channelId, ids[0] as string, 1, { note: 'A note.', changes: { body: 'Corrected.' } });
    await room.author.retract(channelId, ids[2] as string, { note: 'Not so.' });
    await room.author.pin(channelId, ids[1] as string);
    const { page, complaints } = await open(`<main><h1>The page</h1>${tag(channelId, theme)}</main>${script()}`, {
      policy: "default-src 'self' 'unsafe-inline' 'unsafe-eval' http: ws: https:",
    });
    await areLive(page);
    await page.locator('.pinned summary').click();
    await page.locator('.pinned .post').waitFor();
    expect(await page.locator('.head [part="picture"] img').getAttribute('alt')).toBe('The harbour');
    if (language === 'ar') {
      expect(await page.locator('.frame').getAttribute('dir')).toBe('rtl');
      expect(await textOf(page.locator(`#post-${ids[0]} .change-correction .label`).first())).toMatch(/^تصحيح، /);
      expect(await textOf(page.locator('.badge').first())).toBe('مباشر');
    }
    await page.addScriptTag({ path: resolve('axe-core/axe.min.js') });
    const found = await page.evaluate(
      async () =>
        (
          await (
            globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
          ).axe.run()
        ).violations,
    );
    expect(found.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('renders posts in their own language and direction, including the pinned one, in any interface language', async () => {
    const { id: channelId } = await room.coverage([], { language: 'ar-EG' });
    const [id] = await room.publish(channelId, { body: 'أُغلق الجسر.' });
    await room.author.pin(channelId, id as string);
    const { page, complaints } = await open(`${tag(channelId, 'lang="de"')}${script()}`);
    await page.getByText('Angeheftet').waitFor();
    const spokenAt = (selector: string) =>
      page.locator(selector).evaluate((post) => [post.closest('[lang]')?.getAttribute('lang'), post.matches(':dir(rtl)')]);
    expect(await spokenAt(`#post-${id}`)).toEqual(['ar-EG', true]);
    expect(await spokenAt(`#pinned-${id}`)).toEqual(['ar-EG', true]);
    expect(await spokenAt('.pinned .label-line')).toEqual(['de', false]);
    expect(complaints).toEqual([]);
  });

  it('explains when there is nothing to show: an unknown channel, a members’ channel, no channel', async () => {
    const { id: members } = await room.coverage([], {
      access: 'members',
      headline: 'Behind closed doors',
      standfirst: 'What was said.',
    });
    await room.publish(members, { headline: 'Not for everyone', keyEvent: true });
    const { page } = await open(`${tag('no-such-one')}${tag(members)}<pressbox-live></pressbox-live>${script()}`);
    for (const said of ['This coverage is not here.', 'This coverage is for members.', 'No channel is named.'])
      await page.getByText(said).waitFor();
    // The channel’s headline is public, and members sign in on its page.
    await page.getByRole('link', { name: 'Behind closed doors' }).waitFor();
    await page.getByText('What was said.').waitFor();
    const onItsPage = page.getByRole('link', { name: 'Open the coverage on its own page' });
    expect(await onItsPage.getAttribute('href')).toBe(`${room.server.url}/live/${members}`);
    expect(await page.getByText('Not for everyone').count()).toBe(0);
  });

  it('removes and no longer announces posts once they are for members, and says why', async () => {
    const { id: channelId } = await room.coverage();
    const { page, complaints } = await open(`${tag(channelId)}${script()}`);
    await areLive(page);
    // Records each announcement and whether the posts are present.
    await page.evaluate(`window.said = [];
      const { shadowRoot } = document.querySelector('pressbox-live');
      const place = shadowRoot.getElementById('announcement');
      new MutationObserver(() => said.push({ text: place.textContent, beside: shadowRoot.querySelectorAll('.post').length }))
        .observe(place, { childList: true });`);
    const said = async (is: (posts: number) => boolean) => {
      const all = await page.evaluate<{ text: string; beside: number }[]>('said');
      return all.filter(({ text, beside }) => text !== '' && is(beside)).map(({ text }) => text);
    };
    await room.publish(channelId, { headline: 'A zqsecretqz' });
    await eventually(async () => expect(await said((posts) => posts > 0)).toEqual(['New post: A zqsecretqz.']));
    await room.publish(channelId, { headline: 'Another zqsecretqz' });
    await page.getByText('Another zqsecretqz').waitFor();
    await room.author.updateChannel(channelId, '*', { access: 'members' });
    await page.getByText('This coverage is for members.').first().waitFor();
    await eventually(async () => expect(await said((posts) => posts === 0)).toEqual(['This coverage is for members.']));
    expect(await page.evaluate(`document.querySelector('pressbox-live').shadowRoot.innerHTML`)).not.toContain('zqsecretqz');
    expect(complaints).toEqual([]);
  });
});
