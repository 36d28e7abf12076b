import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../src/media/byte-source.ts';
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
    ['too many tracks', { tracks: Array(9).fill('soun') }, /too many tracks/],
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
