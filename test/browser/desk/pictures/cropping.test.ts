import type { CDPSession, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../../browser.ts';
import { faultsOf } from '../../newsroom.ts';
import { pictureSite } from './picture-page.ts';

const landscape = sharp({ create: { width: 1600, height: 1200, channels: 3, background: '#4a7fb5' } })
  .jpeg()
  .toBuffer();

const portrait = sharp({ create: { width: 1200, height: 1800, channels: 3, background: '#4a7fb5' } })
  .jpeg()
  .toBuffer();

describeWith(needs.chromium, 'cropping a picture in Chromium', (chromium) => {
  const open = examineCropping(() => startBrowser(chromium));

  it('moves and changes its size by finger', async () => {
    const { page, openCropping, cropped } = await open({ hasTouch: true, viewport: { width: 390, height: 844 } });
    await openCropping(await landscape, 'image/jpeg');
    const fingers = await page.context().newCDPSession(page);
    const { width, height } = await stageOf(page);
    await dragByFinger(fingers, handleOf(page, 'top-left'), width * 0.4, height * 0.4);
    await dragByFinger(fingers, rectangleOf(page), -width * 0.2, height);
    await page.getByRole('button', { name: 'Crop', exact: true }).click();
    expect(await cropped()).toEqual({ left: 20, top: 40, width: 60, height: 60 });
  });

  it('shows its buttons in small windows without scrolling', async () => {
    const { page, openCropping } = await open({ language: 'fr' });
    await openCropping(await portrait, 'image/jpeg');
    for (const [width, height] of [
      [1280, 720],
      [390, 844],
      [320, 568],
      [844, 390],
    ] as const) {
      await page.setViewportSize({ width, height });
      const inSight = `[...document.querySelectorAll('.desk-crop form button')].filter((button) => {
        const { x, y, width, height } = button.getBoundingClientRect();
        return [0.1, 0.9].every((share) => document.elementFromPoint(x + width / 2, y + height * share) === button);
      }).map((button) => button.textContent)`;
      expect(await page.evaluate(inSight), `${width} × ${height} pixels`).toEqual(['Recadrer', 'Annuler']);
    }
  });

  it.each(['crops', 'only sets the point that stays in view'] as const)(
    'passes axe-core and fits its window, in light and dark, with forced colours and from right to left, if it %s',
    async (does) => {
      for (const language of ['en', 'ar', 'de', 'fr', 'es'] as const) {
        const { page, openCropping, openFocusing, complaints } = await open({
          language,
          viewport: { width: 1280, height: 900 },
        });
        await (does === 'crops' ? openCropping : openFocusing)(await landscape, 'image/jpeg');
        expect(await faultsOf(page), language).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.setViewportSize({ width: 320, height: 568 });
        expect(await faultsOf(page, { runOnly: ['color-contrast', 'target-size'] }), language).toEqual([]);
        await page.emulateMedia({ forcedColors: 'active' });
        expect(await faultsOf(page, { runOnly: ['color-contrast'] }), language).toEqual([]);
        const isTooWide = 'document.querySelector("dialog").scrollWidth > document.querySelector("dialog").clientWidth';
        expect(await page.evaluate(isTooWide), language).toBe(false);
        expect(complaints).toEqual([]);
      }
    },
  );
});
describeWith.nightly(needs.firefox, 'cropping a picture in Firefox', (firefox) => examineCropping(() => startFirefox(firefox)));

const rectangleOf = (page: Page) => page.getByRole('application', { name: 'Part that is kept' });
const handleOf = (page: Page, corner: string) => page.locator(`[data-corner="${corner}"]`);
const stageOf = (page: Page) => boxOf(page.locator('.crop-stage img'));

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (box === null) throw new Error('It is not shown.');
  return { ...box, middle: [box.x + box.width / 2, box.y + box.height / 2] as const };
}

async function dragByMouse(page: Page, what: Locator, x: number, y: number): Promise<void> {
  const { middle } = await boxOf(what);
  await page.mouse.move(...middle);
  await page.mouse.down();
  await page.mouse.move(middle[0] + x, middle[1] + y, { steps: 3 });
  await page.mouse.up();
}

async function dragByFinger(fingers: CDPSession, what: Locator, byX: number, byY: number): Promise<void> {
  const [x, y] = (await boxOf(what)).middle;
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number }[]) =>
    fingers.send('Input.dispatchTouchEvent', { type, touchPoints });
  await touch('touchStart', [{ x, y }]);
  for (const share of [0.3, 0.6, 1]) await touch('touchMove', [{ x: x + byX * share, y: y + byY * share }]);
  await touch('touchEnd', []);
}

function examineCropping(start: () => Promise<TestBrowser>) {
  const open = pictureSite(start);

  it('moves and changes its size by keyboard, and says what is kept', async () => {
    const { page, openCropping, cropped, complaints } = await open();
    await openCropping(await landscape, 'image/jpeg');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Part that is kept');
    for (let press = 0; press < 20; press += 1) await page.keyboard.press('Shift+ArrowLeft');
    for (let press = 0; press < 10; press += 1) await page.keyboard.press('Shift+ArrowUp');
    for (let press = 0; press < 5; press += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.getByRole('status').getByText('960 × 960 pixels, 10% from the left and 2% from the top').waitFor();
    await page.getByRole('button', { name: 'Crop', exact: true }).press('Enter');
    expect(await cropped()).toEqual({ left: 10, top: 2, width: 60, height: 80 });
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('moves and changes its size by mouse, and stays inside the picture', async () => {
    const { page, openCropping, cropped } = await open();
    await openCropping(await landscape, 'image/jpeg');
    const { width, height } = await stageOf(page);
    await dragByMouse(page, handleOf(page, 'bottom-right'), -width / 2, -height / 2);
    await dragByMouse(page, rectangleOf(page), width, height / 4);
    await dragByMouse(page, handleOf(page, 'top-left'), -width / 4, -height * 0.3);
    await page.getByRole('button', { name: 'Crop', exact: true }).click();
    expect(await cropped()).toEqual({ left: 25, top: 0, width: 75, height: 75 });
  });

  it('sets the point that stays in view by a press and by keyboard', async () => {
    const { page, openCropping, cropped } = await open();
    await openCropping(await landscape, 'image/jpeg');
    const { x, y, width, height } = await stageOf(page);
    await page.mouse.click(x + width * 0.3, y + height * 0.25);
    await page.getByRole('status').getByText('In view: 30% from the left and 25% from the top').waitFor();
    await page.getByRole('button', { name: 'Crop', exact: true }).click();
    const whole = { left: 0, top: 0, width: 100, height: 100 };
    expect(await cropped()).toEqual({ ...whole, focusX: 30, focusY: 25 });
    await openCropping(await landscape, 'image/jpeg');
    const mark = page.getByRole('application', { name: 'Point that stays in view' });
    await rectangleOf(page).press('Tab');
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowUp']) await page.keyboard.press(key);
    expect(await mark.evaluate((element) => element.matches(':focus'))).toBe(true);
    await page.getByRole('button', { name: 'Crop', exact: true }).press('Enter');
    expect(await cropped()).toEqual({ ...whole, focusX: 54, focusY: 48 });
  });

  it('keeps the ratio that was chosen, and needs no dragging', async () => {
    const { page, openCropping, cropped } = await open();
    await openCropping(await landscape, 'image/jpeg');
    await page.getByRole('radio', { name: '1:1' }).check({ force: true });
    await page.getByRole('status').getByText('1,200 × 1,200 pixels, 13% from the left').waitFor();
    for (let press = 0; press < 3; press += 1) await page.getByRole('button', { name: 'Smaller' }).click();
    await page.getByRole('radio', { name: '16:9' }).check({ force: true });
    await rectangleOf(page).press('Shift+ArrowRight');
    await page.getByRole('button', { name: 'Crop', exact: true }).click();
    const crop = await cropped();
    const { width, height } = crop as NonNullable<typeof crop>;
    expect((width * 1600) / (height * 1200)).toBeCloseTo(16 / 9, 1);
    await openCropping(await landscape, 'image/jpeg');
    await page.getByRole('radio', { name: '4:3' }).check({ force: true });
    await page.getByRole('button', { name: 'Smaller' }).click();
    await page.getByRole('button', { name: 'Whole picture' }).click();
    await page.getByRole('button', { name: 'Crop', exact: true }).click();
    expect(await cropped()).toEqual({ left: 0, top: 0, width: 100, height: 100 });
  });

  it('is left by Escape without a crop, and says so if a picture cannot be cropped', async () => {
    const { page, openCropping, cropped } = await open();
    await openCropping(await landscape, 'image/jpeg');
    await page.keyboard.press('Escape');
    expect(await cropped()).toBeUndefined();
    await openCropping(
      await sharp(await landscape)
        .gif()
        .toBuffer(),
      'image/gif',
    );
    await page.getByText('This picture cannot be cropped here').waitFor();
    expect(await page.getByRole('button', { name: 'Crop', exact: true }).count()).toBe(0);
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await cropped()).toBeUndefined();
  });

  return open;
}
