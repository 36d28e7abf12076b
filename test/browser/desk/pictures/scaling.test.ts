import sharp from 'sharp';
import { expect, it } from 'vitest';
import { slowGoal } from '../../../../client/browser/desk/pictures/scaling/scaling-limits.ts';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../../browser.ts';
import { type PictureToSend, pictureSite } from './picture-page.ts';

describeWith(needs.chromium, 'scaling pictures in Chromium', (chromium) => examineScaling(() => startBrowser(chromium)));
describeWith.nightly(needs.firefox, 'scaling pictures in Firefox', (firefox) => examineScaling(() => startFirefox(firefox)));

const red = { r: 200, g: 30, b: 30 };
const blue = { r: 30, g: 30, b: 200 };

/** Red, with a blue upper left quarter. */
function quartered(width: number, height: number) {
  const corner = { create: { width: width / 2, height: height / 2, channels: 3 as const, background: blue } };
  return sharp({ create: { width, height, channels: 3, background: red } }).composite([{ input: corner, left: 0, top: 0 }]);
}

/** Grain of this many pixels, as large in bytes as a photo. */
async function photo(width: number, height: number, grain: number): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const grains = { width: width / grain, height: height / grain, channels: 3, background: red, noise } as const;
  const small = await sharp({ create: grains }).png().toBuffer();
  return await sharp(small).resize(width, height).jpeg({ quality: 92 }).toBuffer();
}

/** The colours of the four quarters, row by row. */
async function quartersOf({ bytes }: PictureToSend): Promise<string[]> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) => {
      const at = (Math.round(y * info.height) * info.width + Math.round(x * info.width)) * 4;
      const [r = 0, , b = 0, alpha = 0] = data.subarray(at, at + 4);
      if (alpha < 128) return 'clear';
      return r > b ? 'red' : 'blue';
    }),
  );
}

/** What anyone who has the bytes can see of them. */
async function seen(picture: PictureToSend) {
  const { format, width, height, orientation, exif, hasAlpha } = await sharp(picture.bytes).metadata();
  expect([picture.width, picture.height]).toEqual([width, height]);
  return { format, size: [width, height], orientation, exif, hasAlpha, quarters: await quartersOf(picture) };
}

function examineScaling(start: () => Promise<TestBrowser>): void {
  const open = pictureSite(start);

  it('makes a photo of a phone upright and small, without its metadata', async () => {
    const { scale, complaints } = await open();
    const file = await sharp(await photo(4000, 3000, 8))
      .withExif({ IFD0: { Artist: 'Ada' } })
      .jpeg({ quality: 97 })
      .toBuffer();
    expect(file.length).toBeGreaterThan(3_500_000);
    const scaled = await scale(file, 'image/jpeg');
    expect(await seen(scaled)).toMatchObject({ format: 'jpeg', size: [3000, 2250], exif: undefined });
    expect(scaled.bytes.length).toBeLessThan(1_000_000);
    const { width, height, bytes } = await scale(file, 'image/jpeg', undefined, slowGoal);
    expect([1600, 1200]).toContain(Math.max(width, height));
    expect(bytes.length).toBeLessThanOrEqual(slowGoal.bytes);
    const turned = await quartered(4000, 3000).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await seen(await scale(turned, 'image/jpeg'))).toEqual({
      format: 'jpeg',
      size: [2250, 3000],
      orientation: undefined,
      exif: undefined,
      hasAlpha: false,
      // The upper left corner of the stored picture is the upper right corner of the upright one.
      quarters: ['red', 'blue', 'red', 'red'],
    });
    expect(complaints).toEqual([]);
  });

  it('keeps transparency, and what is sharp as PNG', async () => {
    const { scale } = await open();
    const corner = { create: { width: 1600, height: 200, channels: 4 as const, background: blue } };
    const cut = await sharp({ create: { width: 3200, height: 400, channels: 4, background: red } })
      .composite([{ input: corner, left: 0, top: 0, blend: 'dest-out' }])
      .png()
      .toBuffer();
    const png = await seen(await scale(cut, 'image/png'));
    expect(png).toMatchObject({ format: 'png', size: [3000, 375], quarters: ['clear', 'red', 'red', 'red'] });
    const webp = await seen(await scale(await sharp(cut).webp().toBuffer(), 'image/webp'));
    expect(webp).toMatchObject({ format: 'webp', size: [3000, 375], quarters: ['clear', 'red', 'red', 'red'] });
    const screenshot = await seen(await scale(await quartered(3200, 400).png().toBuffer(), 'image/png'));
    expect(screenshot).toMatchObject({ format: 'png', size: [3000, 375], quarters: ['blue', 'red', 'red', 'red'] });
  });

  it('sends a PNG that would be large as JPEG, and with transparency as WebP', async () => {
    const { scale } = await open();
    const grain = sharp(await photo(1200, 900, 4));
    expect(await seen(await scale(await grain.clone().png().toBuffer(), 'image/png'))).toMatchObject({ format: 'jpeg' });
    const faint = await grain.clone().ensureAlpha(0.5).png().toBuffer();
    expect(await seen(await scale(faint, 'image/png'))).toMatchObject({ format: 'webp', hasAlpha: true });
  });

  it('sends a picture that is small already as it is, with its upright size', async () => {
    const { scale } = await open();
    const small = await quartered(1600, 1200).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await scale(small, 'image/jpeg')).toMatchObject({ isSameFile: true, width: 1200, height: 1600 });
  });

  it('sends moving pictures and files of other kinds as they are', async () => {
    const { scale, complaints } = await open();
    const frame = (background: typeof red) =>
      sharp({ create: { width: 3200, height: 100, channels: 3, background } })
        .png()
        .toBuffer();
    const moving = sharp([await frame(red), await frame(blue)], { join: { animated: true } });
    const webp = await moving
      .clone()
      .webp({ loop: 0, delay: [100, 100] })
      .toBuffer();
    expect((await sharp(webp).metadata()).pages).toBe(2);
    expect(await scale(webp, 'image/webp')).toMatchObject({ isSameFile: true, width: 3200, height: 100 });
    expect(await scale(await moving.clone().gif().toBuffer(), 'image/gif')).toMatchObject({ isSameFile: true });
    const others = {
      'image/svg+xml': '<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="10"/>',
      'image/heic': '\0\0\0\u0018ftypheic\0\0\0\0heicmif1 and no picture',
      'image/jpeg': '\u00ff\u00d8\u00ff and no picture',
      'image/png': '',
    };
    for (const [type, text] of Object.entries(others)) {
      const picture = await scale(Buffer.from(text, 'latin1'), type);
      expect(picture, type).toMatchObject({ isSameFile: true, width: 0, height: 0 });
    }
    expect(complaints).toEqual([]);
  });

  it('decodes up to 60 megapixels', async () => {
    const { scale } = await open();
    const flat = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: red } }).png();
    expect(await seen(await scale(await flat(10_000, 6_000).toBuffer(), 'image/png'))).toMatchObject({ size: [3000, 1800] });
    expect(await scale(await flat(10_000, 6_001).toBuffer(), 'image/png')).toMatchObject({ isSameFile: true, width: 0 });
  });

  it('cuts from the upright picture, and refuses to send what it could not cut', async () => {
    const { scale } = await open();
    const turned = await quartered(1600, 1200).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const crop = { left: 0.5, top: 0, width: 0.5, height: 1 };
    expect(await seen(await scale(turned, 'image/jpeg', crop))).toMatchObject({
      format: 'jpeg',
      size: [600, 1600],
      quarters: ['blue', 'blue', 'red', 'red'],
    });
    const gif = await quartered(200, 100).gif().toBuffer();
    await expect(scale(gif, 'image/gif', crop)).rejects.toThrow('The picture could not be cropped.');
    expect(await scale(gif, 'image/gif')).toMatchObject({ isSameFile: true });
  });
}
