import { describe, expect, it } from 'vitest';
import {
  type CoverageForm,
  chosenAddress,
  emptyForm,
  faultsOf,
  formOf,
  newChannelOf,
  patchOf,
  rebased,
} from '../../../../client/browser/desk/coverages/coverage-fields.ts';
import { timeOfWall, wallTimeOf } from '../../../../client/browser/desk/coverages/wall-time.ts';
import type { Channel } from '../../../../src/protocol/model.ts';
import { channelPatchSchema, newChannelSchema } from '../../../../src/protocol/schemas.ts';

const channel: Channel = {
  id: 'harbour-fire',
  state: 'live',
  headline: 'Harbour fire',
  standfirst: ' What we know. ',
  section: 'Local',
  byline: [{ name: 'Ada Byron', role: 'at the pier', url: 'https://example.org/ada' }, { name: 'Grace Hopper' }],
  picture: { url: 'https://example.org/a.jpg', alt: 'The pier', width: 1200, height: 800 },
  language: 'de-AT',
  timezone: 'Europe/Vienna',
  access: 'members',
  url: null,
  pinnedPostId: null,
  startsAt: '2026-11-24T12:00:30.000Z',
  createdAt: '2026-11-24T11:00:00.000Z',
  startedAt: '2026-11-24T12:00:00.000Z',
  endedAt: null,
  updatedAt: null,
  revision: 4,
  history: [],
};
const origin = 'https://live.example.org';
const changed = (changes: Partial<CoverageForm>) => ({ ...formOf(channel), ...changes });

describe('the form of a coverage', () => {
  it('changes nothing that was not touched', () => {
    expect(patchOf(formOf(channel), channel)).toBeUndefined();
    expect(patchOf(changed({ section: 'Harbour' }), channel)).toEqual({ section: 'Harbour' });
    expect(patchOf(changed({ pictureAlt: 'The burning pier' }), channel)?.picture).toEqual({
      ...channel.picture,
      alt: 'The burning pier',
    });
  });

  it('keeps what it does not show of people who stay in the byline', () => {
    const patch = patchOf(changed({ byline: 'Ada Byron, at the pier\nSiri Østby, desk' }), channel);
    expect(patch?.byline).toEqual([channel.byline[0], { name: 'Siri Østby', role: 'desk' }]);
  });

  it('says what kind of change it is if readers are told, and asks for the note that a correction needs', () => {
    const form = changed({ headline: 'Fire at the harbour', changeKind: 'correction' });
    expect(faultsOf(form, { origin, channel })).toEqual({ changeNote: 'missing' });
    const patch = patchOf({ ...form, changeNote: ' It was the other pier. ' }, channel);
    expect(patch).toEqual({
      headline: 'Fire at the harbour',
      change: { kind: 'correction', note: 'It was the other pier.' },
    });
    expect(channelPatchSchema.safeParse(patch).success).toBe(true);
    expect(patchOf(changed({ headline: 'Fires', changeKind: 'refile' }), channel)?.change).toEqual({
      kind: 'refile',
      note: null,
    });
    expect(patchOf(changed({ section: 'x', changeKind: 'correction', changeNote: 'x' }), channel)?.change).toBeUndefined();
  });

  it('opens a coverage that the server accepts', () => {
    const form = {
      ...emptyForm({ language: 'en', timezone: 'Europe/Berlin' }),
      id: 'vote',
      headline: 'The vote',
      startsAt: '2026-07-01T20:15',
    };
    expect(faultsOf(form, { origin, channel: undefined })).toEqual({});
    const sent = newChannelOf({ ...form, state: 'scheduled' });
    expect(sent).toMatchObject({
      id: 'vote',
      state: 'scheduled',
      startsAt: '2026-07-01T18:15:00.000Z',
      picture: null,
      standfirst: null,
    });
    expect(newChannelSchema.safeParse(sent).success).toBe(true);
  });

  it('finds what the server would refuse', () => {
    const wrong: [Partial<CoverageForm>, object][] = [
      [{ headline: ' ' }, { headline: 'missing' }],
      [{ headline: 'x'.repeat(301) }, { headline: 'too-long' }],
      [{ section: 'x'.repeat(81) }, { section: 'too-long' }],
      [{ language: 'not a language' }, { language: 'not-language' }],
      [{ timezone: '+02:00' }, { timezone: 'not-zone' }],
      [{ pictureUrl: 'http://example.org/a.jpg' }, { pictureUrl: 'not-loadable' }],
      [{ pictureAlt: '' }, { pictureAlt: 'missing' }],
      [{ url: 'http://example.org/' }, { url: 'not-https' }],
      [{ byline: Array.from({ length: 21 }, (_, at) => `Person ${at}`).join('\n') }, { byline: 'too-many' }],
    ];
    for (const [changes, faults] of wrong) {
      const found = faultsOf(changed({ changeKind: 'update', ...changes }), { origin, channel });
      expect([changes, found]).toEqual([changes, faults]);
    }
    expect(faultsOf(changed({ pictureUrl: `http://localhost:1/a.svg` }), { origin: 'http://localhost:1', channel })).toEqual({});
    const upload = `http://127.0.0.1:4000/media/${channel.id}/AAAAAAAAAAAAAAAAAAAAAA/640.jpg`;
    expect(faultsOf(changed({ pictureUrl: upload }), { origin, channel })).toEqual({});
    expect(faultsOf(changed({ pictureUrl: chosenAddress }), { origin, channel })).toEqual({});
    expect(faultsOf(changed({ pictureUrl: 'device:typed' }), { origin, channel })).toEqual({ pictureUrl: 'not-https' });
    expect(faultsOf({ ...formOf(channel), id: 'Fire' }, { origin, channel: undefined })).toEqual({ id: 'not-id' });
  });

  it('keeps what its author changed when a colleague was faster, and takes the rest from them', () => {
    const now = { ...channel, headline: 'Fire under control', section: 'Front page', revision: 5 };
    const form = rebased(changed({ section: 'Harbour' }), formOf(channel), formOf(now));
    expect(patchOf(form, now)).toEqual({ section: 'Harbour' });
    expect(form.headline).toBe('Fire under control');
  });
});

describe('the clock on the wall of a zone', () => {
  it('shows a time and is read back', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Kiritimati']) {
      for (const at of ['2026-01-15T23:30:00.000Z', '2026-07-15T00:10:00.000Z']) {
        expect([zone, timeOfWall(wallTimeOf(at, zone), zone)]).toEqual([zone, at]);
      }
    }
    expect(wallTimeOf('2026-07-01T18:15:00.000Z', 'Europe/Berlin')).toBe('2026-07-01T20:15');
  });

  it('has an answer for the hour that a clock skips, and for the one that it shows twice', () => {
    expect(timeOfWall('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
    expect(timeOfWall('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
    expect(timeOfWall('nonsense', 'UTC')).toBeUndefined();
  });
});
