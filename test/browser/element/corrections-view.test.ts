import { expect, it } from 'vitest';
import { attackCorrections } from '../../support/attacks/script-attacks.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, withinTime } from '../browser.ts';
import { eventually, faultsOf, post, textOf } from '../newsroom.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

const promisedMs = 5_000;

describeWith(needs.chromium, 'the element that shows corrections, on a page of another site', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room, script, open } = site;
  const view = 'view="corrections"';
  const entries = '.corrections .change';

  /** Coverage with a corrected post and another one, in an open element. */
  async function opened(attributes = view) {
    const { id, ids } = await room.coverage([{ headline: 'Thirteen ships', body: 'Thirteen.' }, 'Another post.']);
    const [wrong = '', other = ''] = ids;
    await room.author.correct(id, wrong, 1, { note: 'Three, not thirteen.', changes: { headline: 'Three ships' } });
    const { page, complaints } = await open(`${tag(id, attributes)}${script()}`);
    await areLive(page);
    return { id, wrong, other, page, complaints };
  }

  it('shows notes with links to post and change, and no posts', async () => {
    const { id, wrong, page, complaints } = await opened();
    await page.locator(entries).waitFor();
    expect(await textOf(page.locator(entries))).toMatch(
      /^Correction, \w+ \d+, \d{4}, \d\d:\d\d UTC ?Three ships ?Three, not thirteen\. See what changed$/,
    );
    const links = page.locator(`${entries} a`);
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual([
      `${room.server.url}/live/${id}/${wrong}`,
      `${room.server.url}/live/${id}/${wrong}/versions?before=3`,
    ]);
    expect(await post(page, wrong).count()).toBe(0);
    expect(await page.locator('.posts').isVisible()).toBe(false);
    // The link leaves the element, in which the post is not shown.
    await page.keyboard.press('Tab');
    for (let pressed = 0; pressed < 8 && !(await links.first().evaluate((link) => link.matches(':focus'))); pressed += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${room.server.url}/live/${id}/${wrong}`);
    expect(complaints).toEqual([]);
  });

  it('shows a new correction, and removes the notes of a post when it is taken down', async () => {
    const { id, wrong, other, page, complaints } = await opened();
    await page.locator(entries).waitFor();
    await room.author.correct(id, other, 1, { note: 'It was another.', changes: { body: 'Yet another.' } });
    await withinTime(promisedMs, () => page.locator(entries).first().getByText('It was another.').waitFor());
    await room.author.takedown(id, wrong);
    await withinTime(promisedMs, () =>
      eventually(async () => expect(await textOf(page.locator('.corrections'))).not.toMatch(/thirteen|Three ships/)),
    );
    expect(await page.locator(entries).count()).toBe(3);
    expect(await textOf(page.locator(entries).first())).toMatch(/^Removed, /);
    expect(complaints).toEqual([]);
  });

  it('is up to date after being offline, also when notes were erased meanwhile', async () => {
    const { id, wrong, other, page } = await opened();
    await page.locator(entries).waitFor();
    await page.context().setOffline(true);
    await room.server.restart();
    await room.author.takedown(id, wrong);
    await room.author.correct(id, other, 1, { note: 'It was another.', changes: { body: 'Yet another.' } });
    await page.context().setOffline(false);
    await page.locator(entries).getByText('It was another.').waitFor();
    await eventually(async () => expect(await textOf(page.locator('.corrections'))).not.toContain('thirteen'));
    expect(await page.locator(entries).count()).toBe(3);
  });

  it('shows posts again when the attribute is removed, and corrections when it is set', async () => {
    const { wrong, page, complaints } = await opened('');
    await post(page, wrong).waitFor();
    expect(await page.locator('.corrections').count()).toBe(0);
    const element = page.locator('pressbox-live');
    await element.evaluate((one) => one.setAttribute('view', 'corrections'));
    await page.locator(entries).waitFor();
    expect(await page.locator('.posts').isVisible()).toBe(false);
    await element.evaluate((one) => one.removeAttribute('view'));
    await post(page, wrong).waitFor();
    expect(await page.locator('.corrections').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('removes everything when the channel is closed to the reader', async () => {
    const { id, page } = await opened();
    await page.locator(entries).waitFor();
    await room.author.updateChannel(id, '*', { access: 'members' });
    await withinTime(promisedMs, () => page.getByText('This coverage is for members.').waitFor());
    await eventually(async () => expect(await page.locator(entries).count()).toBe(0));
  });

  it('says so if there are none, leads to older ones, and has no accessibility faults in either theme', async () => {
    const { id: empty } = await room.coverage(['A post.']);
    const { id: many, ids } = await room.coverage(['Count 1.'], { language: 'de' });
    for (let nth = 2; nth <= 23; nth += 1)
      await room.author.correct(many, ids[0] as string, nth - 1, { note: `Hinweis ${nth}.`, changes: { body: `Count ${nth}.` } });
    for (const theme of ['light', 'dark']) {
      const attributes = `${view} theme="${theme}"`;
      const { page, complaints } = await open(
        `<main><h1>News</h1>${tag(empty, attributes)}${tag(many, attributes)}</main>${script()}`,
      );
      await areLive(page, 2);
      await page.getByText('Nothing has been corrected or withdrawn so far.').waitFor();
      await page.getByRole('heading', { name: 'Korrekturen' }).waitFor();
      expect(await page.locator(entries).count()).toBe(20);
      const older = page.getByRole('link', { name: 'Ältere Korrekturen' });
      expect(await older.getAttribute('href')).toMatch(new RegExp(`^${room.server.url}/live/${many}/corrections\\?before=\\d+$`));
      expect(await faultsOf(page)).toEqual([]);
      expect(complaints).toEqual([]);
    }
  });

  it('shows hostile text as text', async () => {
    const { id, ids } = await room.coverage([{ headline: 'Start' }]);
    for (const { note, headline } of attackCorrections)
      await room.author.correct(id, ids[0] as string, '*', { note, changes: { headline } });
    const { page, complaints } = await open(`${tag(id, view)}${script()}`);
    await page.locator(entries).first().waitFor();
    const tags = await page.locator('.corrections *').evaluateAll((all) => [...new Set(all.map((one) => one.localName))].sort());
    expect(tags).toEqual(['a', 'br', 'h3', 'li', 'span', 'strong', 'time', 'ul']);
    expect(complaints).toEqual([]);
  });

  it('is set by the address of the frame', async () => {
    const { id } = await opened();
    const { page, complaints } = await room.browser.page();
    await page.goto(`${room.server.url}/embed/${id}?view=corrections`);
    await page.locator(entries).waitFor();
    expect((await page.goto(`${room.server.url}/embed/${id}?view=other`))?.status()).toBe(400);
    expect(complaints.filter((text) => !/ 400 /.test(text))).toEqual([]);
  });
});
