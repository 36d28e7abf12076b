import { describe, expect, it } from 'vitest';
import { childBoxes } from '../../../src/media/boxes.ts';
import { bytesOf } from '../../../src/media/byte-source.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { chunksOf } from '../../../src/media/movie-chunks.ts';
import { planCleaning } from '../../../src/media/movie-cleaning.ts';
import { box, type MovieOptions, movie, place, words } from '../../support/samples/movies.ts';

/** The file after cleaning. Throws if it is refused. */
async function cleaned(file: Buffer): Promise<Buffer> {
  const plan = await planCleaning(bytesOf(file));
  if (plan.status === 'refused') throw new Error(plan.detail);
  const after = Buffer.from(file);
  for (const patch of plan.patches) {
    if ('zeros' in patch) after.fill(0, patch.offset, patch.offset + patch.zeros);
    else patch.bytes.copy(after, patch.offset);
  }
  return after;
}

async function refusal(file: Buffer): Promise<string | undefined> {
  const plan = await planCleaning(bytesOf(file));
  return plan.status === 'refused' ? plan.detail : undefined;
}

/** Offsets of the times in `mvhd`, `tkhd` and `mdhd`. */
function times(file: Buffer): number[] {
  return ['mvhd', 'tkhd', 'mdhd'].flatMap((name) => {
    const at = file.indexOf(name) + 8;
    return [file.readUInt32BE(at), file.readUInt32BE(at + 4)];
  });
}

describe('a video', () => {
  it('keeps its length, its samples and the setup of its decoders', async () => {
    const before = movie();
    const after = await cleaned(before);
    expect(after.length).toBe(before.length);
    expect(after.indexOf('samples of the movie')).toBe(before.indexOf('samples of the movie'));
    expect(after.includes('setup of the decoder')).toBe(true);
  });

  it('loses its place, its texts and its times', async () => {
    const before = movie({
      after: [box('uuid', 'XMP of a camera '), box('free', '51.5007 N'), box('meta', words(0), '51.5007')],
    });
    const after = await cleaned(before);
    for (const text of [place, 'title of the reporter', "Reporter's Camera", 'Encoder of phone', 'XMP of', '51.5007']) {
      expect([text, before.includes(text), after.includes(text)]).toEqual([text, true, false]);
    }
    expect(times(before).every((time) => time > 0)).toBe(true);
    expect(times(after)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('loses bytes that belong to no sample', async () => {
    const after = await cleaned(movie({ unused: 'PK\x03\x04 an archive' }));
    expect(after.includes('an archive')).toBe(false);
    expect(after.includes('samples of the movie')).toBe(true);
  });

  it('can be cleaned again, which changes nothing', async () => {
    const once = await cleaned(movie({ unused: 'x'.repeat(99) }));
    expect((await cleaned(once)).equals(once)).toBe(true);
  });

  it('has the size at which it is displayed, and a duration', async () => {
    const facts = async (options: MovieOptions) => {
      const plan = await planCleaning(bytesOf(movie(options)));
      return plan.status === 'cleanable' ? { type: plan.type, ...plan.movie } : plan;
    };
    expect(await facts({})).toEqual({ type: 'video', width: 1280, height: 720, durationSeconds: 12.5 });
    expect(await facts({ isTurned: true })).toMatchObject({ width: 720, height: 1280 });
    expect(await facts({ tracks: ['soun'] })).toEqual({ type: 'audio', width: null, height: null, durationSeconds: 12.5 });
  });

  it.each<[string, MovieOptions, RegExp]>([
    ['a track of positions', { tracks: ['vide', 'meta'] }, /neither picture nor sound/],
    ['a track of texts', { tracks: ['vide', 'text'] }, /neither picture nor sound/],
    ['two picture tracks', { tracks: ['vide', 'vide'] }, /several picture tracks/],
    ['too many tracks', { tracks: Array(mediaLimits.movieTracks + 1).fill('soun') }, /too many tracks/],
    ['too many parts of data', { after: Array(mediaLimits.movieDataBoxes).fill(box('mdat', 'x')) }, /damaged/],
    ['no track', { tracks: [] }, /neither picture nor sound/],
    ['a format of metadata', { codec: 'mebx' }, /format that browsers do not play/],
    ['encryption', { codec: 'encv' }, /encrypted/],
    ['fragments', { inMoov: [box('mvex')] }, /Fragmented/],
    ['a fragment after its data', { after: [box('moof')] }, /Fragmented/],
    ['two indexes', { after: [box('moov')] }, /damaged/],
    ['samples beyond its end', { shift: 1 }, /damaged/],
    ['samples within its index', { shift: -40 }, /damaged/],
    ['an archive behind its end', { after: [Buffer.from('PK\x03\x04 and an archive')] }, /damaged/],
    [
      'a box that is larger than the one around it',
      { inMoov: [Buffer.concat([words(999_999), Buffer.from('udta')])] },
      /damaged/,
    ],
    ['a box that is smaller than its header', { inMoov: [Buffer.concat([words(4), Buffer.from('udta')])] }, /damaged/],
  ])('is refused with %s', async (_, options, detail) => {
    expect(await refusal(movie(options))).toMatch(detail);
  });

  it('may have movieTracks tracks, and its data in movieDataBoxes parts', async () => {
    expect(await refusal(movie({ tracks: Array(mediaLimits.movieTracks).fill('soun') }))).toBeUndefined();
    expect(await refusal(movie({ after: Array(mediaLimits.movieDataBoxes - 1).fill(box('mdat', 'x')) }))).toBeUndefined();
  });

  it('may have movieBoxes boxes in its index, and no more', async () => {
    const withMore = (boxes: number) => refusal(movie({ inMoov: Array(boxes).fill(box('free')) }));
    /** The boxes that a movie of two tracks has in its index. */
    const own = 38;
    expect(await withMore(mediaLimits.movieBoxes - own)).toBeUndefined();
    expect(await withMore(mediaLimits.movieBoxes - own + 1)).toMatch(/damaged/);
  });

  it('may have an index of movieIndexBytes, and no more', async () => {
    const withIndexOf = (bytes: number) => {
      const own = movie({ inMoov: [box('free')] });
      const index = own.readUInt32BE(own.indexOf('moov') - 4);
      return refusal(movie({ inMoov: [box('free', Buffer.alloc(bytes - index))] }));
    };
    expect(await withIndexOf(mediaLimits.movieIndexBytes)).toBeUndefined();
    expect(await withIndexOf(mediaLimits.movieIndexBytes + 1)).toMatch(/index of the file is too large/);
  });

  it('may have movieChunks chunks, and no more', () => {
    const samplesIn = (chunks: number) => {
      const stbl = box(
        'stbl',
        box('stsc', words(0, 1, 1, 1, 1)),
        box('stsz', words(0, 1, chunks)),
        box('stco', words(0, chunks), Buffer.alloc(chunks * 4)),
      );
      const parent = { type: 'stbl', offset: 0, bytes: stbl.length, header: 8 };
      return () => chunksOf(stbl, childBoxes(stbl, parent)).length;
    };
    expect(samplesIn(mediaLimits.movieChunks)()).toBe(mediaLimits.movieChunks);
    expect(samplesIn(mediaLimits.movieChunks + 1)).toThrow('chunks');
  });

  it('is refused wherever it is cut off', async () => {
    const whole = movie();
    for (let length = 0; length < whole.length; length += 1) {
      expect([length, await refusal(whole.subarray(0, length))]).toEqual([length, expect.any(String)]);
    }
  });

  it('is refused or cleaned with any byte changed, and never breaks the server', async () => {
    const whole = movie();
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 0xff;
      await planCleaning(bytesOf(changed));
    }
  });
});
