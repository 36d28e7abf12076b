import { expect, it } from 'vitest';
import { scrollToClear } from '../../../../client/browser/desk/editor/scroll-to-clear.ts';

const clear = { top: 50, bottom: 180 };

it.each([
  ['stays where it is if nothing covers the line', { top: 100, bottom: 120 }, 0],
  ['moves the line above a bar that covers it', { top: 170, bottom: 190 }, 16],
  ['moves a line behind the keyboard above the bars', { top: 270, bottom: 290 }, 116],
  ['moves the line below the head', { top: 40, bottom: 60 }, -16],
  ['never moves the end of a line that is higher than the room behind a bar', { top: 40, bottom: 170 }, -4],
])('the form that is written in %s', (_, caret, by) => {
  expect(scrollToClear(caret, clear)).toBe(by);
});
