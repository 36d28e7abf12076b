import { describe, expect, it } from 'vitest';
import { beginChange, type ChangeState } from '../../../../client/browser/desk/changes/change-state.ts';
import { suggestedKind } from '../../../../client/browser/desk/changes/suggested-kind.ts';
import type { Language } from '../../../../client/browser/i18n/languages.ts';
import type { AuthorPost, PostFields } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';

const post: Omit<AuthorPost, 'body' | 'html'> = {
  ...blankFields(),
  id: 'p',
  channelId: 'fire',
  seq: 1,
  status: 'published',
  revision: 1,
  publishedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: null,
  history: [],
  publishedBy: 'ada',
};

function changed(body: string, fields: Partial<PostFields>): ChangeState {
  const begun = beginChange({ ...post, body, html: `<p>${body}</p>` });
  return { ...begun, draft: { ...begun.draft, ...fields } };
}

describe('the kind that a difference suggests', () => {
  it.each<[string, Language, string, string]>([
    ['a figure', 'en', '40 people were hurt.', '14 people were hurt.'],
    ['a figure that is removed', 'en', 'Some 40 people were hurt.', 'Some people were hurt.'],
    ['a name', 'en', 'The mayor, Ann Smith, spoke.', 'The mayor, Anne Smith, spoke.'],
    ['a name with two letters swapped', 'en', 'The mayor, Ann Smiht, spoke.', 'The mayor, Ann Smith, spoke.'],
    ['a letter within a quotation', 'en', 'He said: “We are sfae.”', 'He said: “We are safe.”'],
    ['a figure beside a slip', 'en', '40 poeple were hurt.', '14 people were hurt.'],
    ['a figure in Arabic', 'ar', 'أصيب ٤٠ شخصا.', 'أصيب ١٤ شخصا.'],
  ])('is a correction for %s', (_, language, before, after) => {
    expect(suggestedKind(changed(before, { body: after }), language)).toBe('correction');
  });

  it('is an update where facts were only added', () => {
    expect(suggestedKind(changed('A fire in the harbour.', { body: 'A fire in the harbour. 40 people were hurt.' }), 'en')).toBe(
      'update',
    );
    expect(suggestedKind(changed('A fire.', { headline: 'Fire in Boston' }), 'en')).toBe('update');
  });

  it.each<[Language, string, string]>([
    ['en', '40 poeple were hurt.', '40 people were hurt.'],
    ['en', 'The harbbour is closed.', 'The harbour is closed.'],
    ['en', 'The habour is closed.', 'The harbour is closed.'],
    ['en', 'The fire is out , they say.', 'The fire is out, they say.'],
    ['fr', 'Il y a deux blesés.', 'Il y a deux blessés.'],
  ])('is a typing slip for a letter within a word and for punctuation in %s: %s', (language, before, after) => {
    expect(suggestedKind(changed(before, { body: after }), language)).toBe('refile');
  });

  it.each<[Language | undefined, string, string]>([
    ['en', 'The road is open.', 'The road is closed.'],
    ['en', 'He is not guilty.', 'He is guilty.'],
    ['en', 'Taxes increase.', 'Taxes decrease.'],
    ['en', 'It could burn.', 'It would burn.'],
    ['en', 'It is legal.', 'It is illegal.'],
    ['en', 'The attacker fled.', 'The attackers fled.'],
    ['en', 'The crowd is here now.', 'The crowd is here.'],
    ['ar', 'الحريق كبيرر في الميناء.', 'الحريق كبير في الميناء.'],
    [undefined, 'The frie is big.', 'The fire is big.'],
  ])('is left to the author in %s: %s', (language, before, after) => {
    expect(suggestedKind(changed(before, { body: after }), language)).toBeUndefined();
  });

  it('is left to the author if other fields changed, or nothing', () => {
    expect(suggestedKind(changed('A fire.', { developing: true }), 'en')).toBeUndefined();
    expect(suggestedKind(changed('A fire.', {}), 'en')).toBeUndefined();
  });
});
