import { describe, expect, it } from 'vitest';
import { isLetter, pressLetter, quietMs } from '../../../../client/browser/desk/app/letter-keys.ts';

const shortcuts = 'njker/?';

/** The letters that act when these are typed, one each 100 ms. */
function actingIn(text: string, { pressedButtonAt = Number.NEGATIVE_INFINITY, startsAt = 0, isOn = true } = {}): string {
  let quietUntil = pressedButtonAt + quietMs;
  let acting = '';
  for (const [index, letter] of [...text.toLowerCase()].entries()) {
    if (!isLetter(letter)) continue;
    const press = pressLetter(quietUntil, { at: startsAt + index * 100, isShortcut: shortcuts.includes(letter), isOn });
    quietUntil = press.quietUntil;
    if (press.acts) acting += letter;
  }
  return acting;
}

describe('shortcuts of one letter', () => {
  it('do nothing while a name is typed after a press on a button', () => {
    expect(actingIn('Jane Nolan', { pressedButtonAt: 0, startsAt: 200 })).toBe('');
  });

  it('do nothing for two seconds after a press on a button, and then act', () => {
    expect(actingIn('n', { pressedButtonAt: 0, startsAt: quietMs - 1 })).toBe('');
    expect(actingIn('n', { pressedButtonAt: 0, startsAt: quietMs })).toBe('n');
  });

  it('do nothing for two seconds after a letter that is no shortcut', () => {
    expect(actingIn('Dune')).toBe('');
    expect(actingIn(`a${' '.repeat(quietMs / 100 - 1)}n`)).toBe('n');
    expect(actingIn(`a${' '.repeat(quietMs / 100 - 2)}n`)).toBe('');
  });

  it('repeat freely', () => {
    expect(actingIn('jjjkkj')).toBe('jjjkkj');
    expect(actingIn('jjjn')).toBe('jjjn');
  });

  it('do nothing once their author has switched them off', () => {
    expect(actingIn('njk?', { isOn: false })).toBe('');
  });

  it('are characters, and neither combinations nor named keys nor the space that presses buttons', () => {
    expect(['n', '?', '/'].every(isLetter)).toBe(true);
    expect(['Mod+n', 'Escape', ' ', 'Enter'].some(isLetter)).toBe(false);
  });
});
