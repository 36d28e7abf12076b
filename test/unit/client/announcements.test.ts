import { describe, expect, it } from 'vitest';
import { announcementOf, changeOf } from '../../../client/browser/announcements.ts';
import { words } from '../../../client/browser/i18n/en.ts';
import { aPost } from '../../support/samples/samples.ts';

const setting = { words, language: 'en' };
const posted = (headline: string, kind: 'update' | 'breaking' = 'update') =>
  changeOf(aPost({ id: headline, headline, kind }), 'posts', words);
const corrected = (headline: string, note: string) => {
  const history = [{ revision: 2, kind: 'correction' as const, note, at: aPost().publishedAt }];
  return changeOf(aPost({ id: headline, headline, revision: 2, history }), 'corrections', words);
};

describe('an announcement', () => {
  it('says one change in its own words, and that a post is breaking', () => {
    expect(announcementOf([posted('The pier is open')], setting)).toBe('New post: The pier is open.');
    expect(announcementOf([posted('The dyke broke', 'breaking')], setting)).toBe('Breaking: New post: The dyke broke.');
  });

  it('counts changes that come together, and says breaking news and the notes of corrections among them', () => {
    const changes = [
      posted('One'),
      posted('The dyke broke', 'breaking'),
      corrected('Ships', 'Three, not thirteen.'),
      posted('Two'),
    ];
    expect(announcementOf(changes, setting)).toBe(
      '3 new posts, 1 correction. Breaking: New post: The dyke broke. Correction to “Ships”: Three, not thirteen.',
    );
  });

  it('says the latest three of many corrections', () => {
    const notes = ['One.', 'Two.', 'Three.', 'Four.'];
    const said = announcementOf(
      notes.map((note) => corrected(note, note)),
      setting,
    );
    expect(notes.map((note) => said.includes(`: ${note}`))).toEqual([false, true, true, true]);
  });

  it('is empty without a change', () => {
    expect(announcementOf([], setting)).toBe('');
  });
});
