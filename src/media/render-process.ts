import { readdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { bytesOfFile } from './byte-source.ts';
import { mimeTypeOf, type PictureKind, typeOf } from './media-kind.ts';
import { mediaLimits } from './media-limits.ts';
import type { Rendition } from './media-store.ts';
import { planCleaning } from './movie-cleaning.ts';
import { pictureSize, sizeRefusal } from './picture-size.ts';
import { hideTexts } from './png-texts.ts';
import type { FromRenderer, Refusal, RenderJob, RenderOutcome } from './render-messages.ts';

/**
 * The child process that opens uploads: one at a time, on one thread, at a lower priority. Nothing else in the server decodes
 * pictures or parses videos, so a crash, a leak or an attack ends here. `renderer.ts` starts it and kills it.
 */

const { picturePixels, movingPicturePixels } = mediaLimits;

/**
 * On Linux a quarter of a core that one other process wants whole: 335 of 335 + 1,024 shares. At 19, the lowest priority, a photo
 * took over 30 seconds on a busy machine.
 */
const niceness = 5;

/** Readers' browsers choose among these by `srcset`. */
const renditionWidths = [400, 800, 1_200, 1_600, 2_400];
/**
 * The files that a phone of 390 pixels with twice the density chooses: at least 780 pixels wide. That is 800, or up to 888 if the
 * picture itself is hardly wider. A larger file is rendered again with the next detail.
 */
const phone = { width: 890, bytes: 75 * 1024 };

interface Detail {
  quality: number;
  /** Standard deviation of a Gaussian, pixels. It costs a dense picture, such as foliage or a crowd, less than an even lower quality. */
  blur?: number;
}
const details: readonly Detail[] = [
  { quality: 78 },
  { quality: 68 },
  { quality: 58 },
  { quality: 48 },
  { quality: 48, blur: 0.8 },
  { quality: 48, blur: 1.4 },
  { quality: 38, blur: 2 },
];

const loaders: Record<PictureKind, string> = {
  jpeg: 'VipsForeignLoadJpegFile',
  png: 'VipsForeignLoadPngFile',
  webp: 'VipsForeignLoadWebpFile',
  avif: 'VipsForeignLoadHeifFile',
  gif: 'VipsForeignLoadNsgifFile',
};

function setUp(): void {
  try {
    // Linux has a priority for each thread, and new threads inherit it.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), niceness);
    // The kernel ends this process first if memory runs out.
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    setPriority(niceness);
  }
  sharp.concurrency(1);
  sharp.cache(false);
  // Only the decoders of the accepted types can run, whatever a file contains.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: Object.values(loaders) });
}

async function perform({ id, kind, file, directory }: RenderJob): Promise<RenderOutcome> {
  const handle = await open(file, 'r+');
  try {
    const source = bytesOfFile(handle, (await handle.stat()).size);
    if (kind === 'png') await hideTexts(handle, source);
    if (kind === 'mp4' || kind === 'm4a') {
      const plan = await planCleaning(source);
      if (plan.status === 'refused') return refused('media-unreadable', plan.detail);
      if (plan.type !== typeOf(kind)) {
        const [is, as] = plan.type === 'video' ? ['picture', 'video/mp4'] : ['sound only', 'audio/mp4'];
        return refused('wrong-type', `The file has ${is}. Send it as ${as}.`);
      }
      for (const patch of plan.patches) {
        const bytes = 'zeros' in patch ? Buffer.alloc(patch.zeros) : patch.bytes;
        await handle.write(bytes, 0, bytes.length, patch.offset);
      }
      const { width } = plan.movie;
      const name = plan.type === 'video' ? 'video.mp4' : 'audio.m4a';
      const rendition = { name, width, mimeType: mimeTypeOf(kind), bytes: source.bytes };
      return { status: 'rendered', facts: { type: plan.type, ...plan.movie, renditions: [rendition] } };
    }
    const size = await pictureSize(kind, source);
    if (size === undefined) return refused('media-unreadable', 'The picture is damaged: its header is missing or malformed.');
    const tooLarge = sizeRefusal(size);
    if (tooLarge !== undefined) return refused('too-large', tooLarge);
    try {
      return await renderPicture(file, directory, { isMoving: size.frames > 1, onDecoded: () => send({ type: 'decoded', id }) });
    } catch (error) {
      // The disk may be full, which the picture is not to blame for.
      if (error instanceof Error && 'syscall' in error) throw error;
      return refused('media-unreadable', 'The picture is damaged or incomplete, and cannot be decoded.');
    }
  } finally {
    await handle.close();
  }
}

async function renderPicture(
  file: string,
  directory: string,
  { isMoving, onDecoded }: { isMoving: boolean; onDecoded(): void },
): Promise<RenderOutcome> {
  const options = { limitInputPixels: isMoving ? movingPicturePixels : picturePixels, failOn: 'error' } as const;
  // Decodes once. The first frame stands for a moving picture in JPEG.
  const { data, info } = await sharp(file, { ...options, sequentialRead: true })
    .autoOrient()
    .resize({ width: Math.max(...renditionWidths), withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  onDecoded();
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const still = (width: number, blur?: number) => {
    const resized = sharp(data, { raw, limitInputPixels: false }).resize({ width });
    return blur === undefined ? resized : resized.blur(blur);
  };
  const moving = (width: number) =>
    sharp(file, { ...options, animated: true })
      .resize({ width })
      .toColourspace('srgb');

  const renditions: Rendition[] = [];
  for (const width of widthsFor(info.width)) {
    const forms = [
      {
        form: 'webp',
        render: ({ quality, blur }: Detail) => (isMoving ? moving(width) : still(width, blur)).webp({ quality }),
      },
      {
        form: 'jpg',
        render: ({ quality, blur }: Detail) =>
          still(width, blur).flatten({ background: '#fff' }).jpeg({ quality, progressive: true }),
      },
    ];
    for (const { form, render } of forms) {
      const file = await smallEnough(render, width, { isMoving: isMoving && form === 'webp' });
      const name = `${width}.${form}`;
      await writeOut(join(directory, name), file);
      renditions.push({ name, width, mimeType: form === 'jpg' ? 'image/jpeg' : 'image/webp', bytes: file.length });
    }
  }
  return {
    status: 'rendered',
    facts: { type: 'image', width: info.width, height: info.height, durationSeconds: null, renditions },
  };
}

/** Up to five, none wider than the picture, and none that is hardly smaller than the picture itself. */
function widthsFor(own: number): number[] {
  const smaller = renditionWidths.filter((width) => width <= own * 0.9);
  return [...smaller, Math.min(own, Math.max(...renditionWidths))].slice(0, renditionWidths.length);
}

/** In the best detail that makes a file for a phone small enough. Bisects, because dense pictures take long to encode. */
async function smallEnough(
  render: (detail: Detail) => Sharp,
  width: number,
  { isMoving }: { isMoving: boolean },
): Promise<Buffer> {
  const encode = (at: number) => render(details[at] as Detail).toBuffer();
  const best = await encode(0);
  if (isMoving || width > phone.width || best.length <= phone.bytes) return best;
  let small: Buffer | undefined;
  let [first, last] = [1, details.length - 1];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    const file = await encode(middle);
    if (file.length > phone.bytes) first = middle + 1;
    else [small, last] = [file, middle];
  }
  return small ?? encode(last);
}

async function writeOut(path: string, bytes: Buffer): Promise<void> {
  await using handle = await open(path, 'wx', 0o600);
  await handle.writeFile(bytes);
  await handle.sync();
}

function refused(code: Refusal['code'], detail: string): Refusal {
  return { status: 'refused', code, detail };
}

function send(message: FromRenderer): void {
  process.send?.(message);
}

setUp();
process.on('disconnect', () => process.exit());
process.on('message', async (job: RenderJob) => {
  const { id } = job;
  await perform(job).then(
    (outcome) => send({ type: 'done', id, outcome }),
    (error: Error) => send({ type: 'failed', id, reason: error.message }),
  );
});
send({ type: 'ready' });
