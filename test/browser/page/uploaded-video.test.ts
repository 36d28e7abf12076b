import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { box, words } from '../../support/samples/movies.ts';
import { startBrowser } from '../browser.ts';
import { eventually, newsroom } from '../newsroom.ts';

interface Encoded {
  /** The setup of the decoder of H.264, in base64. Empty for VP9. */
  setup: string;
  samples: string[];
}

/** Ten pictures of 64 × 48 pixels, as a browser encodes them. */
const encode = `(async () => {
  for (const codec of ['avc1.42001f', 'vp09.00.10.08']) {
    const config = { codec, width: 64, height: 48, bitrate: 100_000, framerate: 10 };
    if (!(await VideoEncoder.isConfigSupported(config).catch(() => ({}))).supported) continue;
    const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
    const samples = [];
    let setup = '';
    const encoder = new VideoEncoder({
      output: (chunk, metadata) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        samples.push(base64(bytes));
        if (metadata?.decoderConfig?.description) setup = base64(metadata.decoderConfig.description);
      },
      error: (error) => { throw error; },
    });
    encoder.configure(config);
    const canvas = new OffscreenCanvas(64, 48);
    const context = canvas.getContext('2d');
    for (let at = 0; at < 10; at += 1) {
      context.fillStyle = 'hsl(' + at * 36 + ' 80% 50%)';
      context.fillRect(0, 0, 64, 48);
      const frame = new VideoFrame(canvas, { timestamp: at * 100_000 });
      encoder.encode(frame, { keyFrame: true });
      frame.close();
    }
    await encoder.flush();
    return { setup, samples };
  }
})()`;

/** One second of video. */
function movieOf({ setup, samples: encoded }: Encoded): Buffer {
  const samples = encoded.map((sample) => Buffer.from(sample, 'base64'));
  const isAvc = setup !== '';
  const fileType = box('ftyp', 'isom', words(0x200), 'isomiso2mp41');
  const identity = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  const fields = Buffer.alloc(78);
  fields.writeUInt16BE(1, 6);
  fields.writeUInt16BE(64, 24);
  fields.writeUInt16BE(48, 26);
  const entry = isAvc
    ? box('avc1', fields, box('avcC', Buffer.from(setup, 'base64')), box('pasp', words(1, 1)), box('btrt', words(0, 9, 9)))
    : box('vp09', fields, box('vpcC', words(0x01000000), Buffer.from([0, 10, 0x82, 1, 1, 1, 0, 0])));
  const table = box(
    'stbl',
    box('stsd', words(0, 1), entry),
    box('stts', words(0, 1, samples.length, 100)),
    box('stsc', words(0, 1, 1, samples.length, 1)),
    box('stsz', words(0, 0, samples.length, ...samples.map(({ length }) => length))),
    box('stco', words(0, 1, fileType.length + 8)),
  );
  const media = box(
    'mdia',
    box('mdhd', words(0, 1, 1, 1_000, 1_000, 0x55c40000)),
    box('hdlr', words(0, 0), 'vide', words(0, 0, 0), 'Camera\0'),
    box('minf', box('vmhd', words(1, 0, 0)), box('dinf', box('dref', words(0, 1), box('url ', words(1)))), table),
  );
  const track = box(
    'trak',
    box('tkhd', words(3, 1, 1, 7, 0, 1_000, 0, 0, 0, 0), identity, words(64 * 0x10000, 48 * 0x10000)),
    box('edts', box('elst', words(0, 1, 1_000, 0, 0x10000), 'behind the last')),
    media,
  );
  const header = box('mvhd', words(0, 1, 1, 1_000, 1_000, 0x10000, 0x01000000, 0, 0), identity, words(0, 0, 0, 0, 0, 0, 8));
  return Buffer.concat([fileType, box('mdat', ...samples), box('moov', header, track)]);
}

describeWith(needs.chromium, 'an uploaded video', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  it('plays to its end after its boxes were written anew', async () => {
    const { id } = await room.coverage();
    const { page } = await room.browser.page({ viewport: { width: 390, height: 844 } });
    await page.goto(`${room.server.url}/live/${id}`);
    const bytes = movieOf(await page.evaluate<Encoded>(encode));
    const { url } = await room.author.uploadMedia(id, new Uint8Array(bytes), 'video/mp4');
    await room.publish(id, { body: 'On film.', media: [{ type: 'video', url }] });
    await page.locator('video').first().waitFor();
    await page.evaluate(`(() => {
      const video = document.querySelector('video');
      video.muted = true;
      return video.play();
    })()`);
    const state = () =>
      page.evaluate<unknown>(`(() => {
        const { ended, videoWidth, videoHeight, duration, error } = document.querySelector('video');
        return [ended, videoWidth, videoHeight, duration, error?.message ?? null];
      })()`);
    await eventually(async () => expect(await state()).toEqual([true, 64, 48, 1, null]));
    const played = await page.evaluate<number>(
      `fetch(document.querySelector('video').currentSrc).then((answer) => answer.text()).then((text) => text.indexOf('behind the last'))`,
    );
    expect(played).toBe(-1);
  });
});
