import type { Page } from 'playwright-core';
import sharp from 'sharp';

/** A file as a test chooses it. */
export interface Photo {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A small photo, each of another colour, so that the server does not take two for the same. */
export async function smallPhoto(red = 200): Promise<Photo> {
  const background = { r: red, g: 120, b: 40 };
  const buffer = await sharp({ create: { width: 320, height: 240, channels: 3, background } })
    .jpeg()
    .toBuffer();
  return { name: `photo-${red}.jpg`, mimeType: 'image/jpeg', buffer };
}

/** Chooses files as the button for pictures does. */
export async function choosePhotos(page: Page, ...photos: Photo[]): Promise<void> {
  await page.locator('desk-composer input[type="file"][multiple]').setInputFiles(photos);
}

/** Drops or pastes a file onto an element. */
export async function giveFile(page: Page, selector: string, how: 'drop' | 'paste', photo: Photo): Promise<void> {
  await page.evaluate(
    `(() => {
      const bytes = Uint8Array.from(atob('${photo.buffer.toString('base64')}'), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], '${photo.name}', { type: '${photo.mimeType}' }));
      const element = document.querySelector(${JSON.stringify(selector)});
      const options = { bubbles: true, cancelable: true };
      if ('${how}' === 'drop') for (const type of ['dragover', 'drop']) element.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: data }));
      else {
        const event = new ClipboardEvent('paste', { ...options, clipboardData: data });
        // Firefox leaves out files of an event that a script makes.
        if (!event.clipboardData?.files.length) Object.defineProperty(event, 'clipboardData', { value: data });
        element.dispatchEvent(event);
      }
    })()`,
  );
}

/** A photo as a phone takes it: 12 megapixels and about 4 MB, on its side. */
export async function phonePhoto(): Promise<Photo> {
  const coarse = await sharp({
    create: { width: 400, height: 300, channels: 3, background: 'grey', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
  })
    .png()
    .toBuffer();
  const fine = await sharp({
    create: { width: 4_000, height: 3_000, channels: 3, background: 'grey', noise: { type: 'gaussian', mean: 128, sigma: 14 } },
  })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const buffer = await sharp(coarse)
    .resize(4_000, 3_000, { kernel: 'cubic' })
    .composite([{ input: fine, blend: 'soft-light' }])
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 92 })
    .toBuffer();
  return { name: 'IMG_2041.jpg', mimeType: 'image/jpeg', buffer };
}
