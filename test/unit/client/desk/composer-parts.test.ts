import { describe, expect, it } from 'vitest';
import { ComposerMemory } from '../../../../client/browser/desk/composer/device-memory.ts';
import { matchesOf } from '../../../../client/browser/desk/composer/search-matches.ts';

describe('the memory of a composer', () => {
  const storage = () => {
    const values = new Map<string, string>();
    return {
      getItem: (name: string) => values.get(name) ?? null,
      setItem: (name: string, value: string) => void values.set(name, value),
    };
  };

  it('gives five seconds to undo a post, until the author decides otherwise', () => {
    const shared = storage();
    const memory = new ComposerMemory('ada', shared);
    expect(memory.undoSeconds).toBe(5);
    memory.undoSeconds = 30;
    expect(new ComposerMemory('ada', shared).undoSeconds).toBe(30);
    expect(new ComposerMemory('grace', shared).undoSeconds).toBe(5);
    memory.undoSeconds = 0;
    expect(memory.undoSeconds).toBe(0);
  });

  it('gives no time to undo a post on a phone, unless its author chooses one', () => {
    const shared = storage();
    expect(new ComposerMemory('ada', shared, true).undoSeconds).toBe(0);
    new ComposerMemory('ada', shared, true).undoSeconds = 10;
    expect(new ComposerMemory('ada', shared, true).undoSeconds).toBe(10);
  });

  it('lets a post wait for half an hour before its author is asked, until they decide otherwise', () => {
    const shared = storage();
    const memory = new ComposerMemory('ada', shared);
    expect(memory.askAfterMinutes).toBe(30);
    memory.askAfterMinutes = 120;
    expect(new ComposerMemory('ada', shared).askAfterMinutes).toBe(120);
    expect(new ComposerMemory('grace', shared).askAfterMinutes).toBe(30);
    memory.askAfterMinutes = 1;
    expect(memory.askAfterMinutes).toBe(30);
  });

  it('suggests bylines, last used first, and begins the next post with the last ones', () => {
    const memory = new ComposerMemory('ada', storage());
    memory.remember([{ name: 'Ada', role: 'on the pier' }]);
    memory.remember([{ name: 'Grace' }, { name: 'Ada' }]);
    expect(memory.bylines).toEqual([{ name: 'Grace' }, { name: 'Ada' }]);
    memory.remember([]);
    expect(memory.lastAuthors).toEqual([]);
    expect(memory.bylines).toHaveLength(2);
  });

  it('works without storage and with what it cannot read', () => {
    const broken = {
      getItem: () => '{',
      setItem: () => {
        throw new Error('full');
      },
    };
    const memory = new ComposerMemory('ada', broken);
    memory.remember([{ name: 'Ada' }]);
    memory.undoSeconds = 3;
    expect([memory.undoSeconds, memory.bylines, memory.lastAuthors]).toEqual([5, [], []]);
  });
});

describe('the search for earlier posts', () => {
  const posts = ['Three ferries moved', 'Le port a été fermé', 'Three men missing'];
  const found = (query: string) => matchesOf(posts, query, (post) => post);

  it('finds posts that have every word, in any order, regardless of case and accents', () => {
    expect(found('MOVED three')).toEqual(['Three ferries moved']);
    expect(found('ete ferme')).toEqual(['Le port a été fermé']);
    expect(found('three')).toHaveLength(2);
    expect(found('three port')).toEqual([]);
    expect(found('  ')).toEqual(posts);
  });
});
