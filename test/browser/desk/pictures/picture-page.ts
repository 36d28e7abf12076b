import { join } from 'node:path';
import { build } from 'esbuild';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import type { Crop } from '../../../../client/browser/desk/pictures/cropping/crop.ts';
import type { ScalingGoal } from '../../../../client/browser/desk/pictures/scaling/scaling-limits.ts';
import type { Language } from '../../../../client/browser/i18n/languages.ts';
import { type HostSite, startHostSite } from '../../../support/servers/host-page.ts';
import type { TestBrowser, WatchedPage } from '../../browser.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const scalingWorkerUrl = '/scaling-worker.js';
const entry = `
  import { chooseFocus, cropPicture } from './client/browser/desk/pictures/cropping/crop-dialog.ts';
  import { scalePicture } from './client/browser/desk/pictures/scaling/scale-picture.ts';
  Object.assign(window, { chooseFocus, cropPicture, scalePicture });
`;

/** A picture as it leaves the device. */
export interface PictureToSend {
  bytes: Buffer;
  type: string;
  width: number;
  height: number;
  isSameFile: boolean;
}

export interface PicturePage extends WatchedPage {
  /** Picks the file and scales it. */
  scale(file: Buffer, mimeType: string, crop?: Crop, goal?: ScalingGoal): Promise<PictureToSend>;
  /** Picks the file and opens the dialog that crops it. */
  openCropping(file: Buffer, mimeType: string): Promise<void>;
  /** Picks the file and opens the dialog that sets the point that stays in view. */
  openFocusing(file: Buffer, mimeType: string): Promise<void>;
  /** The answer of the dialog, in hundredths. */
  cropped(): Promise<(Crop & { focusX?: number; focusY?: number }) | undefined>;
}

/** A page with the code for pictures alone, under the policy of the desk. */
export function pictureSite(start: () => Promise<TestBrowser>) {
  let browser: TestBrowser;
  let site: HostSite;
  beforeAll(async () => {
    const options = {
      absWorkingDir: root,
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      charset: 'utf8',
    } as const;
    const [script, worker, style] = await Promise.all([
      build({
        ...options,
        stdin: { contents: entry, resolveDir: root },
        define: { scalingWorkerUrl: JSON.stringify(scalingWorkerUrl) },
        loader: { '.css': 'text' },
      }),
      build({ ...options, entryPoints: ['client/browser/desk/pictures/scaling/scaling-worker.ts'] }),
      build({ ...options, entryPoints: ['client/browser/desk/styles/desk.css'] }),
    ]);
    [browser, site] = await Promise.all([start(), startHostSite()]);
    site.put('/pictures.js', script.outputFiles[0]?.text ?? '');
    site.put('/desk.css', style.outputFiles[0]?.text ?? '');
    site.put(scalingWorkerUrl, worker.outputFiles[0]?.text ?? '');
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });
  return async ({ language = 'en', ...context }: BrowserContextOptions & { language?: Language } = {}): Promise<PicturePage> => {
    const policy = `default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src blob:; require-trusted-types-for 'script'; trusted-types pressbox lit-html`;
    const head = '<link rel="stylesheet" href="/desk.css"><script type="module" src="/pictures.js"></script>';
    const body = `<main><h1>Pictures</h1><input type="file" aria-label="Picture"></main>`;
    const url = site.put('/pictures', body, { policy, head, lang: language });
    const watched = await browser.page(context);
    const { page } = watched;
    await page.goto(url);
    /** `script`: opens the dialog for `picture`. Its promise must not be the result, because it is fulfilled when the dialog closes. */
    const openDialog = async (buffer: Buffer, mimeType: string, script: string) => {
      await page.getByLabel('Picture').setInputFiles({ name: 'picture', mimeType, buffer });
      await page.evaluate(`document.documentElement.dir = '${language === 'ar' ? 'rtl' : 'ltr'}';
        { const [picture] = document.querySelector('input').files; ${script}; } undefined`);
      await page.getByRole('dialog').waitFor();
    };
    return {
      ...watched,
      scale: (file, mimeType, ...options) => scale(page, file, mimeType, ...options),
      openCropping: (buffer, mimeType) =>
        openDialog(buffer, mimeType, `window.cropping = window.cropPicture(picture, '${language}')`),
      openFocusing: (buffer, mimeType) =>
        openDialog(
          buffer,
          mimeType,
          `window.chooseFocus(URL.createObjectURL(picture), '${language}', undefined, async () => {})`,
        ),
      cropped: () =>
        page.evaluate(`window.cropping.then((chosen) => {
          if (chosen === undefined) return undefined;
          const { focus, ...crop } = chosen;
          const shares = { ...crop, ...(focus && { focusX: focus.x, focusY: focus.y }) };
          return Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, Math.round(share * 100)]));
        })`),
    };
  };
}

async function scale(page: Page, buffer: Buffer, mimeType: string, ...options: [Crop?, ScalingGoal?]): Promise<PictureToSend> {
  await page.getByLabel('Picture').setInputFiles({ name: 'picture', mimeType, buffer });
  // JSON would make null of an option that is left out.
  const spread = `[${options.map((option) => JSON.stringify(option) ?? 'undefined').join()}]`;
  const { base64, ...picture } = await page.evaluate<Omit<PictureToSend, 'bytes'> & { base64: string }>(`(async () => {
    const [file] = document.querySelector('input').files;
    const { blob, width, height } = await window.scalePicture(file, ...${spread});
    const bytes = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.addEventListener('load', () => resolve(reader.result));
      reader.readAsDataURL(blob);
    });
    const base64 = bytes.slice(bytes.indexOf(',') + 1);
    return { base64, type: blob.type, width, height, isSameFile: blob === file };
  })()`);
  return { ...picture, bytes: Buffer.from(base64, 'base64') };
}
