import { describe, expect, it } from 'vitest';
import { beginChange, type ChangeState, isFactAsSlip } from '../../../../client/browser/desk/changes/change-state.ts';
import { changesFacts } from '../../../../client/browser/desk/changes/changed-facts.ts';
import type { Language } from '../../../../client/browser/i18n/languages.ts';
import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';

const said = (html: string) => ({ headline: null, html });

describe('a change', () => {
  it.each<[Language, string, string]>([
    ['en', 'There were 7.', 'There were 9.'],
    ['en', 'The water is 2 m high.', 'The water is 2 km high.'],
    ['en', 'Two boats sank.', 'Three boats sank.'],
    ['en', 'Some 40 people were hurt.', 'Some people were hurt.'],
    ['en', 'Nobody was hurt.', 'Nobody of 40 was hurt.'],
    ['en', 'It cost 3 million.', 'It cost 3 billion.'],
    ['en', 'The mayor, Ann Smith, spoke.', 'The mayor, Anne Smith, spoke.'],
    ['en', 'He said: “We are safe.”', 'He said: “We are saved.”'],
    ['de', 'Sie fuhren nach Bremen.', 'Sie fuhren nach Hamburg.'],
    ['fr', 'Le maire, Jean Dupont, a parlé.', 'Le maire, Jean Durand, a parlé.'],
    ['es', 'Hay 12.500 evacuados en Sevilla.', 'Hay 15.200 evacuados en Sevilla.'],
    ['ar', 'أصيب ٤٠ شخصا.', 'أصيب ١٤ شخصا.'],
    ['ar', 'قال أحمد إن الحريق كبير.', 'قال محمود إن الحريق كبير.'],
  ])('is about a fact in %s: %s', (language, before, after) => {
    expect(changesFacts(said(before), said(after), language)).toBe(true);
    expect(changesFacts(said(after), said(before), language)).toBe(true);
  });

  it.each<[Language, string, string]>([
    ['en', 'The frie is big.', 'The fire is big.'],
    ['en', '40 poeple were hurt.', '40 people were hurt.'],
    ['en', 'They saw tow boats.', 'They saw two boats.'],
    ['en', 'Some 4.700 fled.', 'Some 4,700 fled.'],
    ['en', 'They fled to london.', 'They fled to London.'],
    ['de', 'Das Feuer ist groß .', 'Das Feuer ist groß.'],
    ['fr', 'Il y a deux blesés.', 'Il y a deux blessés.'],
    ['ar', 'الحريق كبيرر في الميناء.', 'الحريق كبير في الميناء.'],
  ])('is about the spelling alone in %s: %s', (language, before, after) => {
    expect(changesFacts(said(before), said(after), language)).toBe(false);
  });
});

describe('a change that is called a typing slip', () => {
  const base: AuthorPost = {
    ...blankFields(),
    id: 'p',
    channelId: 'fire',
    seq: 1,
    body: 'A fire in the harbour.',
    html: '<p>A fire in the harbour.</p>',
    authors: [{ name: 'Ada Byron' }],
    media: [{ type: 'image', url: 'https://a.example/1.png', alt: 'The harbour with 3 ships' }],
    status: 'published',
    revision: 1,
    publishedAt: '2026-01-01T00:00:00.000Z',
    updatedAt: null,
    history: [],
    publishedBy: 'ada',
  };
  const changed = (draft: Partial<ChangeState['draft']>, kind: ChangeState['kind'] = 'refile'): ChangeState => {
    const begun = beginChange(base);
    return { ...begun, kind, draft: { ...begun.draft, ...draft } };
  };

  it('is about a fact also in the description of a picture, in the byline and in the sources', () => {
    const [picture] = base.media;
    expect(isFactAsSlip(changed({ media: [{ ...picture, alt: 'The harbour with 4 ships' } as never] }), 'en')).toBe(true);
    expect(isFactAsSlip(changed({ authors: [{ name: 'Grace Hopper' }] }), 'en')).toBe(true);
    expect(isFactAsSlip(changed({ sources: [{ name: 'Police' }] as never }), 'en')).toBe(true);
  });

  it('is no matter as long as nothing was changed, or once it is called a correction', () => {
    expect(isFactAsSlip(changed({}), 'en')).toBe(false);
    expect(isFactAsSlip(changed({ body: 'A fire in the harbor.' }), 'en')).toBe(false);
    expect(isFactAsSlip(changed({ body: '2 fires in the harbour.' }), 'en')).toBe(true);
    expect(isFactAsSlip(changed({ body: '2 fires in the harbour.' }, 'correction'), 'en')).toBe(false);
    expect(isFactAsSlip(changed({ body: '2 fires in the harbour.' }), undefined)).toBe(true);
  });
});
