import { describe, expect, it } from 'vitest';
import type { Language } from '../../../client/browser/i18n/languages.ts';
import { Absence, type LastVisit, minAbsenceMs } from '../../../client/browser/page/absence.ts';
import { turned } from '../../../client/browser/view/direction.ts';
import { html, joined } from '../../../client/browser/view/html.ts';
import { renderSince } from '../../../client/browser/view/page/missed-summary.ts';
import { settingOf } from '../../../client/browser/view/page/page.ts';
import { counted } from '../../../client/browser/view/wording/counts.ts';
import { clockBeside, datedText, wordsOf } from '../../../client/browser/view/wording/time.ts';
import { around, pageWordsOf } from '../../../client/browser/view/wording/wording.ts';
import type { Change, ChangeKind, PostEvent, ReaderPost } from '../../../src/protocol/model.ts';
import { aChannel, aPost, emptied } from '../../support/samples/samples.ts';

const read = aPost({ id: 'read', seq: 11, headline: 'The bridge is open' });
const other = aPost({ id: 'other', seq: 10, headline: null });
const never = aPost({ id: 'never', seq: 3, headline: 'Not read' });
const fresh = (nth: number) => aPost({ id: `fresh-${nth}`, seq: 20 + nth, headline: `News ${nth}` });

/** At noon, after reading two posts. */
const left: LastVisit = {
  at: Date.UTC(2026, 10, 24, 12),
  newest: 12,
  seen: new Map([
    ['read', 1],
    ['other', 1],
  ]),
};
const afterwards = left.at + minAbsenceMs;

function changed(post: ReaderPost, kind: ChangeKind, more: Partial<ReaderPost> = {}): ReaderPost {
  const revision = post.revision + 1;
  const change: Change = { revision, kind, note: 'It was wrong.', at: post.publishedAt };
  return { ...post, ...more, revision, history: [...post.history, change] };
}
const withdrawn = (post: ReaderPost) => ({
  ...emptied(post),
  ...changed(emptied(post), 'retraction'),
  status: 'retracted' as const,
});

const heard = (post: ReaderPost): PostEvent => ({
  channelId: post.channelId,
  from: 1,
  offset: 1,
  cursor: 'c',
  type: 'post.revised',
  at: post.publishedAt,
  post,
});

function away(...posts: ReaderPost[]): Absence {
  const absence = new Absence();
  absence.leave('left', left);
  for (const post of posts) absence.onEvent(heard(post));
  return absence;
}

describe('the missed summary after an absence of a minute or more', () => {
  it('counts new posts, and read posts that were corrected or withdrawn', () => {
    const absence = away(
      fresh(1),
      fresh(2),
      changed(read, 'correction', { headline: 'The bridge is shut' }),
      withdrawn(other),
      changed(never, 'correction'),
    );
    expect(absence.line).toBeUndefined();
    expect(absence.onReturn(afterwards)).toBe(true);
    expect([...(absence.line?.posts ?? [])]).toEqual([
      ['fresh-1', 21],
      ['fresh-2', 22],
    ]);
    const named = [...(absence.line?.changed.values() ?? [])].map(({ headline, withdrawn }) => [headline, withdrawn]);
    expect(named).toEqual([
      ['The bridge is shut', false],
      [null, true],
    ]);
  });

  it('is empty after a short absence, or if nothing relevant happened', () => {
    expect(away(fresh(1)).onReturn(afterwards - 1)).toBe(false);
    const quiet = away(changed(read, 'refile'), changed(other, 'update'), withdrawn(fresh(1)));
    expect([quiet.onReturn(afterwards), quiet.line]).toEqual([false, undefined]);
  });

  it('counts a correction followed by a typo fix, and none that was already read', () => {
    const corrected = changed(read, 'correction');
    expect(away(changed(corrected, 'refile')).onReturn(afterwards)).toBe(true);
    const knew = new Absence();
    knew.leave('left', { ...left, seen: new Map([['read', corrected.revision]]) });
    knew.onEvent(heard(changed(corrected, 'update')));
    expect(knew.onReturn(afterwards)).toBe(false);
  });

  it('measures the whole absence, even if its cause changes', () => {
    const absence = new Absence();
    absence.leave('offline', left);
    absence.leave('left', { ...left, at: left.at + 50_000, newest: 99 });
    absence.onEvent(heard(fresh(1)));
    expect(absence.onReturn(afterwards)).toBe(true);
    expect([absence.line?.cause, absence.line?.since]).toEqual(['left', left.at]);
  });

  it('shrinks as posts are read: one new post removes all new posts from it, a corrected post removes only itself', () => {
    const absence = away(fresh(1), fresh(2), changed(read, 'correction'));
    absence.onReturn(afterwards);
    expect(absence.read(['never'])).toBe(false);
    expect(absence.read(['fresh-2'])).toBe(true);
    expect([absence.line?.posts.size, absence.line?.changed.size]).toEqual([0, 1]);
    expect(absence.read(['read'])).toBe(true);
    expect(absence.line).toBeUndefined();
  });

  it('keeps unread items during the next absence', () => {
    const absence = away(changed(read, 'correction'));
    absence.onReturn(afterwards);
    absence.leave('left', { ...left, at: afterwards + 1 });
    absence.onEvent(heard(fresh(1)));
    absence.onReturn(afterwards + 1 + minAbsenceMs);
    expect([absence.line?.since, absence.line?.posts.size, absence.line?.changed.size]).toEqual([left.at, 1, 1]);
  });

  it('keeps no text of a post that is withdrawn while it is reported', () => {
    const absence = away(fresh(1), changed(read, 'correction'));
    absence.onReturn(afterwards);
    absence.onEvent(heard(withdrawn(fresh(1))));
    absence.onEvent(heard(withdrawn(read)));
    expect([...(absence.line?.posts ?? [])]).toEqual([]);
    expect(JSON.stringify([...(absence.line?.changed ?? [])])).not.toContain('bridge');
  });

  it('is empty once all new posts are withdrawn', () => {
    const absence = away(fresh(1));
    absence.onReturn(afterwards);
    absence.onEvent(heard(withdrawn(fresh(1))));
    expect(absence.line).toBeUndefined();
  });

  it('covers the whole absence when the page is opened again in a background tab', () => {
    const absence = new Absence();
    absence.leave('left', { at: afterwards, newest: 21, seen: new Map() });
    absence.onEvent(heard(fresh(2)));
    const events = [fresh(1), changed(read, 'correction'), fresh(2)].map(heard);
    // The page is still hidden.
    expect(absence.onReopen(left, events, afterwards)).toBe(false);
    expect(absence.line).toBeUndefined();
    absence.onEvent(heard(withdrawn(fresh(2))));
    expect(absence.onReturn(afterwards + 1)).toBe(true);
    expect([absence.line?.since, absence.line?.posts.size, absence.line?.changed.size]).toEqual([left.at, 1, 1]);
  });

  it('uses the server’s changes when the page is opened again', () => {
    const absence = new Absence();
    const events = [fresh(1), changed(read, 'clarification')].map(heard);
    expect(absence.onReopen(left, events, afterwards)).toBe(true);
    expect([absence.line?.posts.size, absence.line?.changed.size]).toEqual([1, 1]);
    // Nothing is missed from now on.
    absence.onEvent(heard(fresh(2)));
    expect(absence.line?.posts.size).toBe(1);
  });
});

describe('the line of the missed summary', () => {
  const line = (language: string, headline = 'The bridge is shut', times = 1) => {
    const corrected = Array.from({ length: times }, (_, nth) =>
      changed({ ...read, id: `read-${nth}` }, 'correction', { headline }),
    );
    const absence = new Absence();
    absence.leave('left', { ...left, seen: new Map([...left.seen, ...corrected.map(({ id }) => [id, 1] as const)]) });
    for (const post of [fresh(1), fresh(2), ...corrected, withdrawn(other)]) absence.onEvent(heard(post));
    absence.onReturn(afterwards);
    const shown = { channel: aChannel({ id: 'harbour', language }), posts: [fresh(2), fresh(1), ...corrected] };
    const setting = settingOf(shown.channel);
    const words = { ...pageWordsOf(setting), ...wordsOf(setting) };
    const tools = { html, joined, around, counted, turned, clockBeside, datedText };
    const now = new Date(afterwards).toISOString();
    return renderSince(absence.line as NonNullable<typeof absence.line>, shown, now, setting, words, tools).text;
  };
  const textOf = (markup: string) =>
    markup
      .replace(/<button.*/, '')
      .replace(/<\/?(?:li|p)[^>]*>/g, '|')
      .replace(/<[^>]+>/g, '');

  const lines: Record<Language, string> = {
    en: 'Since you left, 12:00 UTC||2 new posts||1 correction: “The bridge is shut”||1 withdrawn: post of Nov 24, 2026, ',
    de: 'Seit Sie zuletzt hier waren, 12:00 UTC||2 neue Beiträge||1 Korrektur: „The bridge is shut“||1 zurückgezogen: Beitrag vom 24. Nov. 2026, ',
    fr: 'Depuis votre départ, 12:00 UTC||2 nouveaux messages||1 correction\u00a0: «\u00a0The bridge is shut\u00a0»||1 retiré\u00a0: message du 24 nov. 2026, ',
    es: 'Desde que se fue, 12:00 UTC||2 mensajes nuevos||1 corrección: «The bridge is shut»||1 retirado: mensaje del 24 nov 2026, ',
    ar: 'منشوران جديدان||تصحيح واحد: «The bridge is shut»||سُحب منشور واحد: منشور 24 نوفمبر 2026، ',
  };
  it.each(Object.entries(lines))('is in the language of the coverage: %s', (language, said) => {
    expect(textOf(line(language))).toContain(said);
  });

  it('links to each post on the page or on its own page, escapes names, and lists only a few of them', () => {
    const markup = line('en', '<b>Bold</b>', 7);
    expect(markup).toContain('href="#post-fresh-2"');
    expect(markup).toContain('href="#post-read-0"');
    expect(markup).toContain('href="/live/harbour/other"');
    expect(markup).not.toContain('<b>');
    expect(markup.match(/&lt;b&gt;/g)).toHaveLength(5);
    expect(textOf(markup)).toContain('7 corrections: ');
  });
});
