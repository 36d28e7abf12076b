import { readdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { bytesOfFile } from './byte-source.ts';
import { mimeTypeOf, type PictureKind, typeOf } from './media-kind.ts';
import { mediaLimits } from './media-limits.ts';
import type { Rendition } from './media-store.ts';
import { planCleaning } from './movie-cleaning.ts';
import { pictureSize, sizeRefusal } from './picture-size.ts';
import type { FromRenderer, Refusal, RenderJob, RenderOutcome } from './render-messages.ts';

/**
 * The child process that opens uploads: one at a time, on one thread, at the lowest priority. Nothing else in the server decodes
 * pictures or parses videos, so a crash, a leak or an attack ends here. `renderer.ts` starts it and kills it.
 */

const { picturePixels, movingPicturePixels } = mediaLimits;

/** Readers' browsers choose among these by `srcset`. */
const renditionWidths = [400, 800, 1_200, 1_600, 2_400];
/** A file for a phone that is larger is rendered again at the next quality. */
const phone = { width: 800, bytes: 75 * 1024 };
const qualities = [78, 68, 58, 48] as const;

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
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), constants.priority.PRIORITY_LOW);
    // The kernel ends this process first if memory runs out.
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    setPriority(constants.priority.PRIORITY_LOW);
  }
  sharp.concurrency(1);
  sharp.cache(false);
  // Only the decoders of the accepted types can run, whatever a file contains.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: Object.values(loaders) });
}

async function perform({ kind, file, directory }: RenderJob): Promise<RenderOutcome> {
  const handle = await open(file, 'r+');
  try {
    const source = bytesOfFile(handle, (await handle.stat()).size);
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
      return await renderPicture(file, directory, { isMoving: size.frames > 1 });
    } catch (error) {
      // The disk may be full, which the picture is not to blame for.
      if (error instanceof Error && 'syscall' in error) throw error;
      return refused('media-unreadable', 'The picture is damaged or incomplete, and cannot be decoded.');
    }
  } finally {
    await handle.close();
  }
}

async function renderPicture(file: string, directory: string, { isMoving }: { isMoving: boolean }): Promise<RenderOutcome> {
  const options = { limitInputPixels: isMoving ? movingPicturePixels : picturePixels, failOn: 'error' } as const;
  // Decodes once. The first frame stands for a moving picture in JPEG.
  const { data, info } = await sharp(file, { ...options, sequentialRead: true })
    .autoOrient()
    .resize({ width: Math.max(...renditionWidths), withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const still = (width: number) => sharp(data, { raw, limitInputPixels: false }).resize({ width });
  const moving = (width: number) =>
    sharp(file, { ...options, animated: true })
      .resize({ width })
      .toColourspace('srgb');

  const renditions: Rendition[] = [];
  for (const width of widthsFor(info.width)) {
    const forms = [
      { form: 'webp', render: (quality: number) => (isMoving ? moving(width) : still(width)).webp({ quality }) },
      {
        form: 'jpg',
        render: (quality: number) => still(width).flatten({ background: '#fff' }).jpeg({ quality, progressive: true }),
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

async function smallEnough(
  render: (quality: number) => Sharp,
  width: number,
  { isMoving }: { isMoving: boolean },
): Promise<Buffer> {
  for (const quality of qualities) {
    const file = await render(quality).toBuffer();
    const isLast = quality === qualities.at(-1) || isMoving || width > phone.width;
    if (isLast || file.length <= phone.bytes) return file;
  }
  throw new Error('unreachable');
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
